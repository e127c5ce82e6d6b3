// Search for bytes, in memory or in the dump's file.
import { signal } from '@preact/signals';

import { client, generation, go, troubleOf, type Trouble } from '../app/state';
import { Cancelled } from '../client';
import { bytesText, durationText, plural, shortHex } from '../lib/format';
import { parseNeedle } from '../lib/needle';
import { Problem } from '../parts/basics';
import { Form } from '../parts/form';
import type { Place, Progress } from '../protocol';

interface Search {
  of: number;
  space: 'p' | 'f';
  hits: bigint[];
  running: AbortController | null;
  progress: Progress | null;
  complete: boolean;
  trouble: Trouble | null;
}
const search = signal<Search | null>(null);
const SHOWN = 1000;

async function start(text: string, space: 'p' | 'f'): Promise<void> {
  search.value?.running?.abort();
  const needle = parseNeedle(text);
  const running = new AbortController();
  const mine: Search = { of: generation.value, space, hits: [], running, progress: null, complete: false, trouble: null };
  search.value = mine;
  const set = (change: Partial<Search>) => {
    if (search.value?.running === running) search.value = { ...search.value, ...change };
  };
  if (!needle) return set({ running: null, trouble: { message: 'Type some text, or hex bytes such as 7f 45 4c 46.', advice: '' } });
  try {
    const done = await client().search(
      { needle, space, limit: 10000 },
      (addresses) => set({ hits: [...(search.value?.hits ?? []), ...addresses] }),
      { signal: running.signal, progress: (progress) => set({ progress }) },
    );
    set({ hits: done.addresses, complete: done.complete, running: null });
  } catch (error) {
    if (error instanceof Cancelled) set({ running: null });
    else set({ running: null, trouble: troubleOf(error) });
  }
}

export function SearchBox({ place }: { place: Place }) {
  const at = search.value?.of === generation.value ? search.value : null;
  const space = place.space === 'f' ? 'f' : 'p';
  return (
    <section data-testid="byte-search">
      <h2>Search {space === 'f' ? 'the file' : 'physical memory'}</h2>
      <Form class="side-form" label="Search bytes" on={(text) => void start(text, space)}>
        <input type="search" name="needle" placeholder="text, or 7f 45 4c 46" aria-label="Text or hex bytes to search for" spellcheck={false} autocomplete="off" data-testid="needle" />
        {at?.running ? (
          <button type="button" class="button small" data-testid="search-cancel" onClick={() => at.running?.abort()}>Stop</button>
        ) : (
          <button type="button" data-submit class="button small" data-testid="search-start">Search</button>
        )}
      </Form>
      {at?.running && at.progress && (
        <>
          <progress value={at.progress.done} max={at.progress.total || 1} aria-label="Searched" />
          <p class="soft">{bytesText(at.progress.bytesPerSecond)}/s{at.progress.secondsLeft !== undefined && `, about ${durationText(at.progress.secondsLeft)} left`}</p>
        </>
      )}
      {at?.trouble && <Problem trouble={at.trouble} />}
      {at && !at.trouble && (
        <>
          <p class="soft" role="status">{plural(at.hits.length, 'place')}{at.running ? ' so far' : at.complete ? '' : ', and more'}</p>
          <ol class="hits" data-testid="hits">
            {at.hits.slice(0, SHOWN).map((hit) => (
              <li key={String(hit)}><button type="button" class="link" onClick={() => go('bytes', { at: `${at.space}:${shortHex(hit)}` })}><code>{at.space}:{shortHex(hit)}</code></button></li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
