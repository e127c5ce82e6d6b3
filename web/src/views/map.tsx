// The memory map: a dot is a page frame, or a square of them.
import { useEffect, useState } from 'preact/hooks';

import { adjust, dump, route, tableOnce } from '../app/state';
import { cellNumber, textOf } from '../lib/cell';
import { visible } from '../lib/escape';
import { bytesText, countText, durationText, plural } from '../lib/format';
import { control, MapCanvas, zoomText } from '../map/canvas';
import { FramePanel } from '../map/frame';
import { hovered, Tip } from '../map/hover';
import { KINDS } from '../map/kinds';
import { Legend } from '../map/legend';
import {
  clearMarks, failed, frames, layoutKind, marking, marks, markText, picture, progress, readFrames, markPoints,
} from '../map/store';
import { Problem, Segmented } from '../parts/basics';
import { Form } from '../parts/form';

export function MapView() {
  useEffect(readFrames);
  const pfn = route.value.params.pfn;
  const read = frames.value;
  const step = progress.value;
  return (
    <div class="view map-view" data-testid="view-map">
      <div class="map-main">
        <h1 class="hidden-text">Memory map</h1>
        <div class="map-tools">
          <Segmented
            id="map-layout" label="Layout" at={layoutKind.value}
            options={[
              { id: 'hilbert', label: 'Hilbert', title: 'Frames that are near in memory are near in the picture' },
              { id: 'linear', label: 'Linear', title: 'Rows of frames by address' },
            ]}
            on={(id) => adjust({ layout: id === 'linear' ? id : undefined, zoom: undefined, x: undefined, y: undefined })}
          />
          <Highlight />
          <span class="spacer" />
          <span class="soft zoom-text">{zoomText.value}</span>
          <div class="segmented" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom out" data-testid="map-out" onClick={() => control.value?.zoom(0.5)}>−</button>
            <button type="button" data-testid="map-fit" title="Show all of memory (0)" onClick={() => control.value?.fit()}>Fit</button>
            <button type="button" aria-label="Zoom in" data-testid="map-in" onClick={() => control.value?.zoom(2)}>+</button>
          </div>
        </div>
        {failed.value && <Problem trouble={failed.value} />}
        {!failed.value && !picture.value && (
          <div class="map-wait" role="status" aria-busy="true">
            <p>{read ? 'Drawing the picture' : `Reading what each page is used for${step?.total ? `: ${countText(step.done)} of ${countText(step.total)}` : ''}`}</p>
            {step && step.total > 0 && <progress value={step.done} max={step.total} aria-label="Frames read" />}
            {step?.secondsLeft !== undefined && <p class="soft">about {durationText(step.secondsLeft)} left</p>}
          </div>
        )}
        <MapCanvas />
        <p id="map-said" class="hidden-text" aria-live="polite">{hoveredText()}</p>
        <Tip />
      </div>
      <aside class="map-side" aria-label="Legend and frame">
        {read && (
          <p class="map-total">
            <strong>{bytesText(read.total * read.pageBytes)}</strong> in {plural(read.total, 'page frame')} of {bytesText(read.pageBytes)}
          </p>
        )}
        {pfn !== undefined && dump.value?.opened.attached && (
          <FramePanel pfn={Number(pfn)} pageBytes={read?.pageBytes ?? dump.value.opened.pageBytes} />
        )}
        <Legend />
      </aside>
    </div>
  );
}

function hoveredText(): string {
  const at = hovered.value;
  if (!at) return '';
  return at.run.gap ? 'a gap in memory' : `frame ${at.pfn}, ${KINDS[at.kind]!.label}`;
}

function Highlight() {
  const [text, setText] = useState('');
  const tasks = tableOnce('tasks', ['pid', 'tgid', 'comm', 'mm']);
  const marked = marks.value;
  const count = marked?.pfns ? marked.pfns.length : (markPoints.value?.length ?? 0) / 2;
  const names =
    tasks.state === 'ready'
      ? tasks.value.filter((task) => cellNumber(task.pid) === cellNumber(task.tgid) && task.mm !== null).slice(0, 500)
      : [];
  return (
    <Form class="highlight" label="Highlight frames" on={markText}>
      <input
        type="search" placeholder="Highlight: process, file, shared…" aria-label="Highlight a process, a file, shared or mapped pages"
        list="map-names" value={text} data-testid="map-highlight" spellcheck={false}
        onInput={(event) => {
          const { value } = event.currentTarget;
          setText(value);
          if (value === '') clearMarks();
          else if ((event as InputEvent).inputType === 'insertReplacementText') markText(value); // one of the list
        }}
      />
      <datalist id="map-names">
        <option value="shared">pages mapped more than once</option>
        <option value="mapped">pages that processes have mapped</option>
        {names.map((task) => (
          <option key={String(task.pid)} value={String(task.pid)}>{visible(textOf(task.comm))}</option>
        ))}
      </datalist>
      {marking.value && <span class="soft" role="status">searching…</span>}
      {marked && !marking.value && (
        <span class="chip on" data-testid="map-marked">
          <span class="chip-text">{visible(marked.label)}: {plural(count, 'frame')}</span>
          <button type="button" class="quiet" aria-label="End the highlight" data-testid="map-unmark"
            onClick={() => { setText(''); clearMarks(); }}>✕</button>
        </span>
      )}
    </Form>
  );
}
