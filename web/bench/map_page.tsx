// The page of map.mjs: the real memory map over frames that are made up.
import { render } from 'preact';

import { type DumpClient, dump, generation, setClient } from '../src/app/state';
import { control } from '../src/map/canvas';
import { KINDS } from '../src/map/kinds';
import { frames, picture } from '../src/map/store';
import type { FrameKinds } from '../src/protocol';
import { MapView } from '../src/views/map';

const CHUNK = 1 << 16;

// Runs of one kind, of lengths as allocators leave them: many short, few long.
function synthetic(total: number): { kinds: FrameKinds; bytes: Uint8Array } {
  const names = ['absent', 'unreadable', ...KINDS.slice(1, 15).map((kind) => kind.name)];
  const bytes = new Uint8Array(total);
  let seed = 7;
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let at = 0; at < total; ) {
    const length = Math.min(total - at, Math.floor(2 ** (next() * 12)));
    bytes.fill(2 + Math.floor(next() ** 2 * 14), at, at + length);
    at += length;
  }
  // With a hole below 4 GiB, as PCs have.
  const low = Math.min(total / 2, 0xc0000);
  const runs = [{ start: 0, end: low }, { start: 0x100000, end: 0x100000 + total - low }];
  return { kinds: { names, runs, pageBytes: 4096 }, bytes };
}

function fake(total: number): DumpClient {
  const { kinds, bytes } = synthetic(total);
  const none = () => Promise.reject(new Error('not in a bench'));
  return {
    open: none, close: () => undefined, sql: none, read: none, resolve: none, translate: none, struct: none,
    value: none, search: none, extract: none,
    query: () => Promise.resolve({ columns: [], rows: [], complete: true, partial: false, diagnostics: [] }),
    frame: (pfn) => Promise.resolve({
      pfn, physical: BigInt(pfn) * 4096n, state: 'present', fileOffset: 0n, page: { owner: '/usr/lib/libc.so.6' }, users: [], usersComplete: true,
    }),
    frames: async (on) => {
      on.kinds?.(kinds);
      let at = 0;
      for (const run of kinds.runs)
        for (let pfn = run.start; pfn < run.end; pfn += CHUNK) {
          const n = Math.min(CHUNK, run.end - pfn);
          on.chunk({ startPfn: pfn, kinds: bytes.slice(at, at + n) });
          at += n;
          if ((at & 0xfffff) === 0) await new Promise((resolve) => setTimeout(resolve));
        }
      return kinds;
    },
  };
}

const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
const task = () => new Promise<void>((resolve) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => resolve();
  channel.port2.postMessage(null);
});

function spread(times: number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  return `median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms, most ${at(1)} ms`;
}

// What one does, once a frame of the screen: the main thread's work for it, from
// the event to the painted canvas, and the time between frames.
async function each(n: number, act: (i: number) => void): Promise<{ work: number[]; between: number[] }> {
  const work: number[] = [];
  const between: number[] = [];
  let last = await frame();
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    act(i);
    const event = performance.now() - start;
    const at = await frame(); // the map draws in this frame, before us
    const drawn = performance.now() - at;
    await task();
    work.push(event + drawn);
    between.push(at - last);
    last = at;
  }
  return { work, between };
}

async function bench(total: number): Promise<Record<string, string>> {
  setClient(fake(total));
  dump.value = {
    name: 'bench', sample: false, seconds: 0,
    opened: { container: 'raw', fileBytes: total * 4096, attached: true, pageBytes: 4096, tables: [], diagnostics: [] },
  };
  generation.value++;
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
  });
  observer.observe({ type: 'longtask' });
  const start = performance.now();
  render(<MapView />, document.getElementById('app')!);
  while (!frames.value) await new Promise((resolve) => setTimeout(resolve, 5));
  const read = performance.now();
  while (!picture.value) await new Promise((resolve) => setTimeout(resolve, 5));
  const drawn = performance.now();
  await frame();
  await frame();
  observer.takeRecords();
  const result: Record<string, string> = {
    'frames taken in': `${Math.round(read - start)} ms`,
    'picture made in': `${Math.round(drawn - read)} ms, longest task ${Math.round(longest)} ms`,
  };
  const box = document.querySelector<HTMLElement>('[data-testid=map-canvas]')!;
  box.setPointerCapture = () => undefined; // the events below are made up
  const bounds = box.getBoundingClientRect();
  const pointer = (type: string, x: number, y: number) =>
    box.dispatchEvent(new PointerEvent(type, { clientX: bounds.left + x, clientY: bounds.top + y, button: 0, pointerId: 1, bubbles: true }));
  const pan = async (name: string) => {
    pointer('pointerdown', 400, 400);
    const { work, between } = await each(180, (i) => pointer('pointermove', 400 + 220 * Math.sin(i / 9), 400 + 160 * Math.cos(i / 13)));
    pointer('pointerup', 400, 400);
    result[`pan, ${name}: work a frame`] = spread(work);
    result[`pan, ${name}: between frames`] = spread(between);
  };
  await pan('all of memory');
  control.value!.zoom(8);
  await frame();
  await pan('an eighth');
  control.value!.zoom(64);
  await frame();
  await pan('single pages');
  control.value!.fit();
  await frame();
  const zoom = await each(240, (i) =>
    box.dispatchEvent(new WheelEvent('wheel', { deltaY: i % 120 < 60 ? -40 : 40, clientX: bounds.left + 300, clientY: bounds.top + 300, bubbles: true, cancelable: true })));
  result['zoom: work a frame'] = spread(zoom.work);
  result['zoom: between frames'] = spread(zoom.between);
  control.value!.fit();
  await frame();
  const hover = await each(300, (i) => pointer('pointermove', 100 + ((i * 37) % 700), 100 + ((i * 53) % 500)));
  result['hover: work to the tip'] = spread(hover.work);
  return result;
}

(globalThis as { bench?: typeof bench }).bench = bench;
