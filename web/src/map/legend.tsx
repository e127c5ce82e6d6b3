// The kinds with their counts; choosing some makes the others recede.
import { adjust } from '../app/state';
import { bytesText, countText, percentText } from '../lib/format';
import { KINDS } from './kinds';
import { allShown, frames, picture, shownKinds, toggleKind } from './store';
import { Swatch } from './swatch';

export function Legend() {
  const counts = picture.value?.counts;
  const read = frames.value;
  if (!counts || !read) return null;
  const total = read.total;
  const kinds = KINDS.filter((kind) => kind.code > 0 && counts[kind.code]! > 0 && kind.name !== 'absent');
  kinds.sort((a, b) => counts[b.code]! - counts[a.code]!);
  return (
    <div class="legend" data-testid="legend">
      <div class="panel-head">
        <h2>What memory is used for</h2>
        {!allShown.value && (
          <button type="button" class="quiet" data-testid="legend-all" onClick={() => adjust({ kinds: undefined })}>
            Show all
          </button>
        )}
      </div>
      <ul>
        {kinds.map((kind) => {
          const on = (shownKinds.value & (1 << (kind.code - 1))) !== 0;
          const frameCount = counts[kind.code]!;
          return (
            <li key={kind.code}>
              <button
                type="button" aria-pressed={!allShown.value && on} class={on ? '' : 'off'} title={kind.doc}
                data-testid={`legend-${kind.name}`} onClick={() => toggleKind(kind.code)}
              >
                <Swatch code={kind.code} />
                <span class="name">{kind.label}</span>
                <span class="size" title={`${countText(frameCount)} frames`}>{bytesText(frameCount * read.pageBytes)}</span>
                <span class="share">{percentText(frameCount, total)}</span>
              </button>
            </li>
          );
        })}
        <li class="gap-key">
          <span class="swatch hatched" aria-hidden="true" />
          <span class="name">Hatched: no memory, or not in the dump</span>
        </li>
      </ul>
    </div>
  );
}
