// Which frame is drawn where. Frames are numbered by slots: page frame numbers
// with long gaps of physical addresses drawn shorter, so that memory at 1 TiB
// does not make the picture a desert.
import { hilbertIndex, hilbertPoint, hilbertScatter } from '../lib/hilbert';

export interface Run {
  slot: number; // first slot
  slots: number;
  pfn: number; // first frame
  frames: number; // more than slots where a gap is drawn shorter
  gap: boolean;
}

export interface Extent {
  pfn: number;
  frames: number;
}

// The runs of slots over extents of frames, which are sorted and apart. A gap
// gets at most an eighth of the slots that memory has, but what is there in it.
export function runsOf(extents: Extent[]): Run[] {
  let total = 0;
  for (const extent of extents) total += extent.frames;
  const gapMax = Math.max(256, 2 ** Math.floor(Math.log2(Math.max(1, total / 64))));
  const runs: Run[] = [];
  let slot = 0;
  let end: number | null = null;
  for (const extent of extents) {
    if (end !== null && extent.pfn > end) {
      const frames = extent.pfn - end;
      const slots = Math.min(frames, gapMax);
      runs.push({ slot, slots, pfn: end, frames, gap: true });
      slot += slots;
    }
    runs.push({ slot, slots: extent.frames, pfn: extent.pfn, frames: extent.frames, gap: false });
    slot += extent.frames;
    end = extent.pfn + extent.frames;
  }
  return runs;
}

export function slotCount(runs: Run[]): number {
  const last = runs[runs.length - 1];
  return last ? last.slot + last.slots : 0;
}

function lastAtOrBefore(runs: Run[], key: 'slot' | 'pfn', value: number): Run | null {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle]![key] <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? runs[low - 1]! : null;
}

export function runOfSlot(runs: Run[], slot: number): Run | null {
  const run = lastAtOrBefore(runs, 'slot', slot);
  return run && slot < run.slot + run.slots ? run : null;
}

// The frame of a slot; null in a gap that is drawn shorter than it is.
export function pfnOfSlot(runs: Run[], slot: number): number | null {
  const run = runOfSlot(runs, slot);
  if (!run || (run.gap && run.slots !== run.frames)) return null;
  return run.pfn + (slot - run.slot);
}

export function slotOfPfn(runs: Run[], pfn: number): number | null {
  const run = lastAtOrBefore(runs, 'pfn', pfn);
  if (!run || pfn >= run.pfn + run.frames) return null;
  return run.slot + Math.min(pfn - run.pfn, run.slots - 1);
}

export type LayoutKind = 'hilbert' | 'linear';

export interface Layout {
  kind: LayoutKind;
  slots: number;
  width: number; // of the raster, in cells
  height: number;
  usedWidth: number; // of what the slots fill
  usedHeight: number;
  pointOf(slot: number): { x: number; y: number };
  slotAt(x: number, y: number): number; // -1 outside
  // Writes frames[from, to) into the raster; from is a multiple of 65536.
  scatter(frames: Uint8Array, raster: Uint8Array, from: number, to: number): void;
}

const ASPECT = 1.6; // of the picture: what screens have

export function linearLayout(slots: number): Layout {
  const width = Math.max(16, 2 ** Math.round(Math.log2(Math.sqrt(Math.max(1, slots) * ASPECT))));
  const height = Math.max(1, Math.ceil(slots / width));
  return {
    kind: 'linear', slots, width, height,
    usedWidth: Math.min(width, Math.max(1, slots)), usedHeight: height,
    pointOf: (slot) => ({ x: slot % width, y: Math.floor(slot / width) }),
    slotAt: (x, y) => {
      const slot = y * width + x;
      return x >= 0 && x < width && y >= 0 && slot < slots ? slot : -1;
    },
    scatter: (frames, raster, from, to) => raster.set(frames.subarray(from, to), from),
  };
}

export function hilbertLayout(slots: number): Layout {
  const order = Math.max(4, Math.floor(Math.log2(Math.sqrt(Math.max(1, slots) / ASPECT))));
  const side = 1 << order;
  const area = side * side;
  const squares = Math.max(1, Math.ceil(slots / area));
  const width = squares * side;
  const place = (slot: number) => {
    const square = Math.floor(slot / area);
    const point = hilbertPoint(order, slot - square * area);
    return { x: square * side + point.x, y: point.y };
  };
  // The last square may be filled only in part: the used width ends with it.
  const rest = slots - (squares - 1) * area;
  let restWidth = 0;
  let restHeight = 0;
  // A prefix of the curve covers whole blocks but for its last ones, so the ends
  // of aligned blocks tell its extent.
  for (let at = 0, bits = 2 * order; bits >= 0 && at < rest; bits -= 2) {
    const block = 2 ** bits;
    while (at + block <= rest) {
      const first = hilbertPoint(order, at);
      const blockSide = 2 ** (bits / 2);
      restWidth = Math.max(restWidth, (Math.floor(first.x / blockSide) + 1) * blockSide);
      restHeight = Math.max(restHeight, (Math.floor(first.y / blockSide) + 1) * blockSide);
      at += block;
    }
  }
  return {
    kind: 'hilbert', slots, width, height: side,
    usedWidth: (squares - 1) * side + restWidth, usedHeight: squares > 1 ? side : restHeight,
    pointOf: place,
    slotAt: (x, y) => {
      if (x < 0 || y < 0 || x >= width || y >= side) return -1;
      const square = Math.floor(x / side);
      const slot = square * area + hilbertIndex(order, x - square * side, y);
      return slot < slots ? slot : -1;
    },
    scatter: (frames, raster, from, to) => hilbertScatter(frames, raster, width, order, from, to),
  };
}

export function layoutOf(kind: LayoutKind, slots: number): Layout {
  return kind === 'hilbert' ? hilbertLayout(slots) : linearLayout(slots);
}
