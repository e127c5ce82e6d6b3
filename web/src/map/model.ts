// The memory map's data: a byte a frame in slot order, and the picture of the
// layout that is chosen.
import type { FrameChunk, FrameKinds } from '../protocol';
import { ABSENT, KIND_BITS, KIND_COUNT, kindCode } from './kinds';
import type { Layout, LayoutKind, Run } from './layout';
import { layoutOf, runsOf, slotCount, slotOfPfn } from './layout';
import type { Pyramid } from './pyramid';
import { buildPyramid, countKinds } from './pyramid';

const PICTURE_BITS = 0x9f; // kind and FILTERED

export class Frames {
  readonly runs: Run[];
  readonly slots: number;
  readonly bytes: Uint8Array; // kind code and flags
  readonly pageBytes: number;
  readonly total: number; // frames of memory
  private readonly codes: Uint8Array; // the worker's kinds and flags to ours
  done = 0;

  constructor(kinds: FrameKinds) {
    this.runs = runsOf(kinds.runs.map((run) => ({ pfn: run.start, frames: run.end - run.start })));
    this.slots = slotCount(this.runs);
    this.bytes = new Uint8Array(this.slots).fill(ABSENT);
    this.pageBytes = kinds.pageBytes;
    this.total = kinds.runs.reduce((sum, run) => sum + run.end - run.start, 0);
    this.codes = Uint8Array.from({ length: 256 }, (_, i) => kindCode(kinds.names[i & KIND_BITS] ?? 'unknown') | (i & ~KIND_BITS & 0xff));
  }

  add(chunk: FrameChunk): void {
    const at = slotOfPfn(this.runs, chunk.startPfn);
    if (at === null) return;
    const n = Math.min(chunk.kinds.length, this.slots - at);
    const { bytes, codes } = this;
    for (let i = 0; i < n; i++) bytes[at + i] = codes[chunk.kinds[i]!]!;
    this.done += n;
  }
}

export interface Picture {
  layout: Layout;
  pyramid: Pyramid;
  counts: Uint32Array; // frames of each kind
}

const STRIP = 1 << 20; // frames between pauses; a multiple of what layouts ask for

export async function pictureOf(frames: Frames, kind: LayoutKind, pause: () => Promise<void>): Promise<Picture> {
  const layout = layoutOf(kind, frames.slots);
  const raster = new Uint8Array(layout.width * layout.height);
  for (let at = 0; at < frames.slots; at += STRIP) {
    layout.scatter(frames.bytes, raster, at, Math.min(at + STRIP, frames.slots));
    await pause();
  }
  for (let at = 0; at < raster.length; at += STRIP) {
    const end = Math.min(at + STRIP, raster.length);
    for (let i = at; i < end; i++) raster[i]! &= PICTURE_BITS;
    await pause();
  }
  const counts = new Uint32Array(KIND_COUNT);
  for (let at = 0; at < frames.slots; at += STRIP) {
    countKinds(frames.bytes.subarray(at, at + STRIP)).forEach((n, kind) => (counts[kind]! += n));
    await pause();
  }
  return { layout, counts, pyramid: await buildPyramid(raster, layout.width, layout.height, counts, pause) };
}

// Points of the picture, two numbers each, of frames that a question picked.
export function pointsOf(frames: Frames, layout: Layout, pfns: Iterable<number>): Uint32Array {
  const points: number[] = [];
  for (const pfn of pfns) {
    const slot = slotOfPfn(frames.runs, pfn);
    if (slot === null) continue;
    const { x, y } = layout.pointOf(slot);
    points.push(x, y);
  }
  return Uint32Array.from(points);
}

// Points of all frames that have a flag.
export function pointsWithFlag(frames: Frames, layout: Layout, flag: number): Uint32Array {
  let n = 0;
  for (let i = 0; i < frames.slots; i++) if (frames.bytes[i]! & flag) n++;
  const points = new Uint32Array(2 * n);
  for (let i = 0, at = 0; i < frames.slots; i++)
    if (frames.bytes[i]! & flag) {
      const { x, y } = layout.pointOf(i);
      points[at++] = x;
      points[at++] = y;
    }
  return points;
}
