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

const ASPECT = 1.35; // of the picture: about what there is room for

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

// Squares of Hilbert curves in rows that run to and fro, so many that the
// picture has about the shape of the room there is.
const SQUARES = 12;

// Columns for n squares: near the aspect, with few places left empty.
function columnsFor(n: number): number {
  let best = 1;
  let least = Infinity;
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const cost = Math.abs(Math.log(columns / rows / ASPECT)) + (2 * (rows * columns - n)) / n;
    if (cost < least) {
      least = cost;
      best = columns;
    }
  }
  return best;
}

export function hilbertLayout(slots: number): Layout {
  const order = Math.max(4, Math.floor(Math.log2(Math.sqrt(Math.max(1, slots) / SQUARES))));
  const side = 1 << order;
  const area = side * side;
  const squares = Math.max(1, Math.ceil(slots / area));
  const columns = columnsFor(squares);
  const rows = Math.ceil(squares / columns);
  const width = columns * side;
  const mirrored = (row: number) => (row & 1) === 1;
  const columnOf = (square: number, row: number) =>
    mirrored(row) ? columns - 1 - (square - row * columns) : square - row * columns;
  return {
    kind: 'hilbert', slots, width, height: rows * side,
    usedWidth: width, usedHeight: rows * side,
    pointOf: (slot) => {
      const square = Math.floor(slot / area);
      const row = Math.floor(square / columns);
      const point = hilbertPoint(order, slot - square * area);
      const x = mirrored(row) ? side - 1 - point.x : point.x;
      return { x: columnOf(square, row) * side + x, y: row * side + point.y };
    },
    slotAt: (x, y) => {
      if (x < 0 || y < 0 || x >= width || y >= rows * side) return -1;
      const row = Math.floor(y / side);
      const column = Math.floor(x / side);
      const square = row * columns + (mirrored(row) ? columns - 1 - column : column);
      const inX = x - column * side;
      const slot = square * area + hilbertIndex(order, mirrored(row) ? side - 1 - inX : inX, y - row * side);
      return slot < slots ? slot : -1;
    },
    scatter: (frames, raster, from, to) => {
      for (let square = Math.floor(from / area); square * area < to; square++) {
        const row = Math.floor(square / columns);
        const base = square * area;
        const corner = row * side * width + columnOf(square, row) * side;
        hilbertScatter(frames, raster, width, order, corner, mirrored(row), base, Math.max(from, base), Math.min(to, base + area));
      }
    },
  };
}

export function layoutOf(kind: LayoutKind, slots: number): Layout {
  return kind === 'hilbert' ? hilbertLayout(slots) : linearLayout(slots);
}
