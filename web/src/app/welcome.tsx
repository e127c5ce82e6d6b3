// The page before there is a dump: what it does, what it promises, where to drop.
import { useState } from 'preact/hooks';

import { bytesText, durationText } from '../lib/format';
import { Problem } from '../parts/basics';
import { Guest } from '../parts/guest';
import type { OpenOptions } from '../protocol';
import { cancelOpening, openFiles, opening, trouble } from './state';

export const PROMISE =
  'This page has no code that uploads, and its policy blocks fetch, WebSocket and beacons: the dump is read where it is.';

export interface Sample {
  has: boolean;
  open: () => Promise<File>;
}

// What the dump itself may lack, from elsewhere.
const elsewhere: OpenOptions = {};

export function pickFiles(files: FileList | null | undefined): void {
  void openFiles(files ? [...files] : [], false, elsewhere);
}

function Elsewhere() {
  const take = (name: 'btf' | 'symbols', files: FileList | null) => {
    if (files?.[0]) elsewhere[name] = files[0];
    else delete elsewhere[name];
  };
  const root = (text: string) => {
    const value = /^\s*(0x[0-9a-f]{1,16}|\d{1,20})\s*$/i.exec(text)?.[1];
    if (value) elsewhere.root = BigInt.asUintN(64, BigInt(value));
    else delete elsewhere.root;
  };
  return (
    <details class="elsewhere" data-testid="elsewhere">
      <summary>The kernel was not found in a dump?</summary>
      <p class="soft">Give what the dump lacks, then open it again.</p>
      <label>Its types (/sys/kernel/btf/vmlinux of that kernel)
        <input type="file" data-testid="elsewhere-btf" onChange={(event) => take('btf', event.currentTarget.files)} /></label>
      <label>Its symbols (System.map)
        <input type="file" data-testid="elsewhere-symbols" onChange={(event) => take('symbols', event.currentTarget.files)} /></label>
      <label>Physical address of its page-table root
        <input type="text" placeholder="0x…" spellcheck={false} autocomplete="off" data-testid="elsewhere-root" onInput={(event) => root(event.currentTarget.value)} /></label>
    </details>
  );
}

export function Welcome({ sample }: { sample: Sample }) {
  if (opening.value) return <Opening />;
  return (
    <main class="welcome" data-testid="welcome">
      <h1>See what a Linux machine<br />was doing, from its memory.</h1>
      <p class="lead">
        Open a memory dump of a Linux guest. Processes, files in memory, BPF maps and every page frame,
        found with the types that the kernel itself carries: no debug symbols needed.
      </p>
      {trouble.value && <Problem trouble={trouble.value} />}
      <DropZone sample={sample} />
      <Elsewhere />
      <p class="promise" data-testid="promise">
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M8 1 2.5 3.2v4.2c0 3.4 2.3 6.2 5.5 7.6 3.2-1.4 5.5-4.2 5.5-7.6V3.2z" fill="none" stroke="currentColor" stroke-width="1.3" /><path d="m5.4 8 1.9 1.9 3.4-3.7" fill="none" stroke="currentColor" stroke-width="1.3" /></svg>
        {PROMISE}
      </p>
      <ul class="tour" aria-label="What one sees">
        <li><strong>Memory map</strong>Every page of RAM as a dot, by what it is used for. Point at one and see whose it is.</li>
        <li><strong>Processes</strong>The tree, their memory, open files, arguments and environment, as of the moment of the dump.</li>
        <li><strong>Files</strong>What the page cache holds, and the cached files themselves, to save.</li>
        <li><strong>Ask</strong>SQL over every table, and every answer as CSV or JSON.</li>
      </ul>
    </main>
  );
}

function DropZone({ sample }: { sample: Sample }) {
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const openSample = async () => {
    setBusy(true);
    try {
      await openFiles([await sample.open()], true);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div
      class={`drop ${over ? 'over' : ''}`} data-testid="drop"
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => { event.preventDefault(); event.stopPropagation(); setOver(false); pickFiles(event.dataTransfer?.files); }}
    >
      <p class="drop-main">Drop a dump here</p>
      <p class="soft">ELF core, kdump, LiME, AVML or raw. Parts of a split dump together.</p>
      <p class="drop-buttons">
        <label class="button primary">
          Choose a file
          <input type="file" multiple class="hidden-input" data-testid="file" onChange={(event) => pickFiles(event.currentTarget.files)} />
        </label>
        {sample.has && (
          <button type="button" class="button" data-testid="sample" disabled={busy} onClick={() => void openSample()}>
            Look at the sample
          </button>
        )}
      </p>
    </div>
  );
}

function Opening() {
  const at = opening.value!;
  const step = at.progress;
  const share = step && step.total > 0 ? step.done / step.total : 0;
  return (
    <main class="welcome opening" data-testid="opening" aria-busy="true">
      <h1>Opening <Guest text={at.name} max={200} /></h1>
      {step && step.total > 0 ? <progress value={share} max={1} aria-label="Progress" /> : <span class="spinner" aria-hidden="true" />}
      <p class="soft" role="status" data-testid="progress">
        {step ? (
          <>
            {step.stage}
            {step.total > 0 && <> · {bytesText(step.done)} of {bytesText(step.total)}</>}
            {step.bytesPerSecond > 0 && <> · {bytesText(step.bytesPerSecond)}/s</>}
            {step.secondsLeft !== undefined && <> · about {durationText(step.secondsLeft)} left</>}
          </>
        ) : (
          'starting'
        )}
      </p>
      <button type="button" class="button" data-testid="cancel" onClick={cancelOpening}>Cancel</button>
    </main>
  );
}
