// The page around the views: bar, rail, dialogs; where files may be dropped.
import { useEffect, useRef, useState } from 'preact/hooks';

import { visible } from '../lib/escape';
import { bytesText } from '../lib/format';
import { Guest } from '../parts/guest';
import { AskView } from '../views/ask';
import { BpfView } from '../views/bpf';
import { BytesView } from '../views/bytes';
import { FilesView } from '../views/files';
import { MapView } from '../views/map';
import { ProcessesView } from '../views/processes';
import { SummaryView } from '../views/summary';
import { TypesView } from '../views/types';
import { AddressBar } from './addressbar';
import { Help, helpOpen } from './help';
import { listenToKeys } from './keys';
import { LossesDialog, lossesOpen } from './losses';
import { closeDump, dump, go, losses, opening, route, said } from './state';
import { darkNow, nextTheme } from './theme';
import { VIEW_LIST } from './views';
import { pickFiles, PROMISE, type Sample, Welcome } from './welcome';

const BODIES = {
  summary: SummaryView, map: MapView, processes: ProcessesView, files: FilesView,
  bpf: BpfView, types: TypesView, bytes: BytesView, ask: AskView,
} as const;

export function App({ sample }: { sample: Sample }) {
  useEffect(listenToKeys, []);
  const open = dump.value !== null && opening.value === null;
  return (
    <div
      class={`app ${open ? 'open' : ''}`}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => { event.preventDefault(); pickFiles(event.dataTransfer?.files); }}
    >
      <Bar open={open} />
      {open ? <Open /> : <Welcome sample={sample} />}
      <Help />
      <LossesDialog />
      <p class="hidden-text" role="status" aria-live="polite" data-testid="said">{said.value}</p>
    </div>
  );
}

function Bar({ open }: { open: boolean }) {
  return (
    <header class="bar">
      <button type="button" class="brand" data-testid="home" title="Summary" onClick={() => go('summary')}>
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <circle cx="10.5" cy="10.5" r="7.5" fill="none" stroke="currentColor" stroke-width="2" />
          <path d="M16 16l5.5 5.5" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
          <path d="M7 7h3v3H7z" fill="#0072b2" /><path d="M11 7h3v3h-3z" fill="#e69f00" />
          <path d="M7 11h3v3H7z" fill="#009e73" /><path d="M11 11h3v3h-3z" fill="#d55e00" />
        </svg>
        kernlens
      </button>
      {open ? <AddressBar /> : <span class="spacer" />}
      <div class="bar-end">
        {open && <DumpName />}
        <button type="button" class="icon" data-testid="theme" onClick={nextTheme}
          aria-label={darkNow.value ? 'Use light colours' : 'Use dark colours'} title={darkNow.value ? 'Light' : 'Dark'}>
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <circle cx="10" cy="10" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6" /><path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
          </svg>
        </button>
        <button type="button" class="icon" data-testid="help" aria-label="Help and keys" title="Help (?)" onClick={() => (helpOpen.value = true)}>?</button>
      </div>
    </header>
  );
}

function DumpName() {
  const { name, sample, opened } = dump.value!;
  return (
    <span class="dump-name">
      <span title={`${visible(name)}: ${bytesText(opened.fileBytes)}, ${opened.container}`}><Guest text={sample ? 'Sample' : name} max={120} /></span>
      <button type="button" class="quiet" data-testid="close" title="Close this dump" aria-label="Close this dump" onClick={closeDump}>✕</button>
    </span>
  );
}

function Open() {
  const at = route.value.view;
  const Body = BODIES[at];
  const [generation, setGeneration] = useState(dump.value);
  useEffect(() => setGeneration(dump.value));
  const lost = losses.value.length;
  const body = useRef<HTMLElement>(null);
  // Keys go to what was opened, also where a drop left the focus elsewhere.
  useEffect(() => {
    window.focus();
    body.current?.focus({ preventScroll: true });
  }, [dump.value]);
  return (
    <>
      <nav class="rail" aria-label="Views">
        {VIEW_LIST.map((view) => (
          <button
            type="button" key={view.name} aria-current={view.name === at ? 'page' : undefined} title={`${view.doc} (${view.key})`}
            data-testid={`nav-${view.name}`} onClick={() => go(view.name)}
          >
            <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d={view.icon} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" /></svg>
            <span>{view.label}</span>
          </button>
        ))}
        <span class="spacer" />
        {lost > 0 && (
          <button type="button" class="lost" data-testid="losses" title="What could not be read" onClick={() => (lossesOpen.value = true)}>
            <span class="lost-count">{lost}</span><span>Not read</span>
          </button>
        )}
        <p class="rail-promise" title={PROMISE}>Nothing leaves this page</p>
      </nav>
      <main class="body" key={String(generation?.name)} ref={body} tabIndex={-1}>
        <Body />
      </main>
    </>
  );
}
