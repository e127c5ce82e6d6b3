// The memory map's state: frames are read once a dump, and each layout's picture
// is made once.
import { computed, effect, signal } from '@preact/signals';

import { adjust, client, generation, route, said, type Trouble, troubleOf } from '../app/state';
import { Cancelled } from '../client';
import { cellNumber, textOf } from '../lib/cell';
import { plural } from '../lib/format';
import type { Cell } from '../protocol';
import { KIND_COUNT, MAPPED, SHARED } from './kinds';
import type { LayoutKind } from './layout';
import { Frames, type Picture, pictureOf, pointsOf, pointsWithFlag } from './model';
import { markLevels } from './pyramid';

export const frames = signal<Frames | null>(null);
export const progress = signal<{ done: number; total: number; secondsLeft?: number | undefined } | null>(null);
export const failed = signal<Trouble | null>(null);
export const picture = signal<Picture | null>(null);
export const layoutKind = computed<LayoutKind>(() => (route.value.params.layout === 'linear' ? 'linear' : 'hilbert'));

const ALL = 2 ** (KIND_COUNT - 1) - 1;
// Kinds that are shown, as a mask.
export const shownKinds = computed(() => {
  const text = route.value.params.kinds;
  if (!text) return ALL;
  let mask = 0;
  for (const code of text.split('.').map(Number)) if (code > 0 && code < KIND_COUNT) mask |= 1 << (code - 1);
  return mask || ALL;
});
export const allShown = computed(() => shownKinds.value === ALL);

export function toggleKind(code: number): void {
  const bit = 1 << (code - 1);
  // The first choice shows that kind alone; further ones add to it.
  const mask = allShown.value ? bit : shownKinds.value ^ bit;
  const codes: number[] = [];
  for (let c = 1; c < KIND_COUNT; c++) if (mask & (1 << (c - 1))) codes.push(c);
  adjust({ kinds: codes.length && mask !== ALL ? codes.join('.') : undefined });
}

// ── Reading ────────────────────────────────────────────────────────────────

let pictures: Partial<Record<LayoutKind, Promise<Picture>>> = {};
let reading: AbortController | null = null;
let readGeneration = -1;

// Lets the page breathe: resolves in the next task, at most every 8 ms.
export function breather(): () => Promise<void> {
  let last = performance.now();
  return () => {
    if (performance.now() - last < 8) return Promise.resolve();
    return new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        last = performance.now();
        resolve();
      };
      channel.port2.postMessage(null);
    });
  };
}

// Reads all frames, unless that was done or is under way.
export function readFrames(): void {
  if (readGeneration === generation.value) return;
  readGeneration = generation.value;
  reading?.abort();
  const abort = (reading = new AbortController());
  frames.value = null;
  picture.value = null;
  failed.value = null;
  marks.value = null;
  pictures = {};
  progress.value = { done: 0, total: 0 };
  void (async () => {
    try {
      let read: Frames | undefined;
      const kinds = await client().frames(
        {
          kinds: (kinds) => (read = new Frames(kinds)),
          chunk: (chunk) => read?.add(chunk),
        },
        {
          signal: abort.signal,
          progress: (p) => (progress.value = { done: p.done, total: p.total, secondsLeft: p.secondsLeft }),
        },
      );
      if (abort.signal.aborted) return;
      frames.value = read ?? new Frames(kinds);
    } catch (error) {
      if (abort.signal.aborted || error instanceof Cancelled) return;
      failed.value = troubleOf(error);
    } finally {
      if (reading === abort) progress.value = null;
    }
  })();
}

effect(() => {
  const read = frames.value;
  const kind = layoutKind.value;
  if (!read) return;
  const made = (pictures[kind] ??= pictureOf(read, kind, breather()));
  void made.then((value) => {
    if (frames.value === read && layoutKind.value === kind) picture.value = value;
  });
});

// ── Highlight ──────────────────────────────────────────────────────────────

export interface Marked {
  label: string; // what is highlighted: may hold guest text
  pfns: number[] | null; // null: by a flag
  flag: number;
}
export const marks = signal<Marked | null>(null);
export const marking = signal(false);

export const markPoints = computed<Uint32Array | null>(() => {
  const marked = marks.value;
  const read = frames.value;
  const shown = picture.value;
  if (!marked || !read || !shown) return null;
  return marked.pfns
    ? pointsOf(read, shown.layout, marked.pfns)
    : pointsWithFlag(read, shown.layout, marked.flag);
});
export const markPicture = computed(() => {
  const points = markPoints.value;
  return points && picture.value ? markLevels(points, picture.value.pyramid) : null;
});

async function pfnsOf(text: string, parameters: (string | bigint)[]): Promise<number[]> {
  const rows = await client().sql({ text, parameters, limit: 4_000_000 });
  return rows.rows.map((row: Cell[]) => cellNumber(row[0])).filter(Number.isFinite);
}

// The highlight that a name of the fragment's closed set stands for.
async function marksOf(name: string): Promise<Marked | null> {
  const [what, a, b] = name.split('.') as [string, string?, string?];
  switch (what) {
    case 'shared':
      return { label: 'mapped more than once', pfns: null, flag: SHARED };
    case 'mapped':
      return { label: 'mapped by processes', pfns: null, flag: MAPPED };
    case 'process': {
      const pfns = await pfnsOf('SELECT DISTINCT pfn FROM page_users WHERE tgid = ?', [BigInt(a!)]);
      return { label: `process ${a}`, pfns, flag: 0 };
    }
    case 'file': {
      const pfns = await pfnsOf('SELECT pfn FROM page_cache WHERE device = ? AND inode = ?', [a!, BigInt(b!)]);
      return { label: `file ${a} inode ${b}`, pfns, flag: 0 };
    }
    default:
      return null;
  }
}

let wanted = '';
async function mark(name: string, find: () => Promise<Marked | null>): Promise<void> {
  wanted = name;
  marking.value = true;
  try {
    const found = await find();
    if (wanted !== name) return;
    marks.value = found;
    if (found?.pfns) said.value = `${plural(found.pfns.length, 'frame')} highlighted`;
  } catch (error) {
    if (wanted === name) marks.value = { label: troubleOf(error).message, pfns: [], flag: 0 };
  } finally {
    if (wanted === name) marking.value = false;
  }
}

// Follows the fragment.
effect(() => {
  const name = route.value.view === 'map' ? (route.value.params.mark ?? '') : wanted;
  if (!frames.value || name === wanted || (name === '' && wanted.startsWith('?'))) return;
  if (name) void mark(name, () => marksOf(name));
  else {
    wanted = '';
    marks.value = null;
  }
});

export function clearMarks(): void {
  wanted = '';
  marks.value = null;
  adjust({ mark: undefined });
}

// What one types: a process by name or number, or part of a file's path or of a
// slab cache's name.
export function markText(text: string): void {
  const words = text.trim();
  if (!words) return clearMarks();
  if (words === 'shared' || words === 'mapped') return adjust({ mark: words });
  if (/^\d+$/.test(words)) return adjust({ mark: `process.${words}` });
  adjust({ mark: undefined });
  void mark(`?${words}`, async () => {
    const like = `%${words.replace(/[\\%_]/g, '\\$&')}%`;
    const processes = await client().sql({
      text: "SELECT pid, comm FROM tasks WHERE pid = tgid AND comm LIKE ? ESCAPE '\\'", parameters: [like],
    });
    const pfns = new Set<number>();
    for (const row of processes.rows)
      for (const pfn of await pfnsOf('SELECT DISTINCT pfn FROM page_users WHERE tgid = ?', [row[0] as bigint])) pfns.add(pfn);
    for (const pfn of await pfnsOf("SELECT pfn FROM page_cache WHERE path LIKE ? ESCAPE '\\'", [like])) pfns.add(pfn);
    if (!pfns.size)
      for (const pfn of await pfnsOf("SELECT pfn FROM pages WHERE kind = 'slab' AND owner LIKE ? ESCAPE '\\'", [like])) pfns.add(pfn);
    const names = [...new Set(processes.rows.map((row) => textOf(row[1])))].slice(0, 3);
    return { label: names.length ? `“${words}”: ${names.join(', ')} and files` : `“${words}”`, pfns: [...pfns], flag: 0 };
  });
}
