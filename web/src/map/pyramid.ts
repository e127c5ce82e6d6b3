// The picture at every scale: level l has a cell for 2^l by 2^l frames, with the
// kind that most of them are (of equals, the one that is rarer in all memory)
// and a mask of all kinds that are among them. Majorities are true ones: each is
// counted over frames, not over the majorities below. The flag FILTERED is set
// where at least half of the frames have it.
import { FILTERED, KIND_BITS, KIND_COUNT, OUTSIDE } from './kinds';

export interface Level {
  width: number;
  height: number;
  kinds: Uint8Array; // with the flag FILTERED
  masks: Uint16Array | null; // bit code - 1; null at level 0, where the kind says it
}

export interface Pyramid {
  levels: Level[];
}

const BLOCK = 8; // three levels are made of blocks of 8 by 8 frames
const BLOCK_LEVEL = 3;
const BINS = KIND_COUNT + 1; // of a histogram: the kinds, and how many frames are filtered

export function maskOf(kind: number): number {
  return kind === OUTSIDE ? 0 : 1 << (kind - 1);
}

export function countKinds(frames: Uint8Array): Uint32Array {
  const counts = new Uint32Array(KIND_COUNT);
  for (let i = 0; i < frames.length; i++) counts[frames[i]! & KIND_BITS]!++;
  return counts;
}

// rank[code]: 0 for the rarest kind.
function rarity(counts: Uint32Array): Uint8Array {
  const order = [...counts.keys()].sort((a, b) => counts[a]! - counts[b]! || a - b);
  const rank = new Uint8Array(KIND_COUNT);
  order.forEach((code, i) => (rank[code] = i));
  return rank;
}

function majority(counts: Uint32Array | Uint16Array, at: number, rank: Uint8Array): number {
  let best = OUTSIDE;
  let most = 0;
  let all = 0;
  for (let code = 1; code < KIND_COUNT; code++) {
    const n = counts[at + code]!;
    all += n;
    if (n > most || (n !== 0 && n === most && rank[code]! < rank[best]!)) {
      best = code;
      most = n;
    }
  }
  return all !== 0 && counts[at + KIND_COUNT]! * 2 >= all ? best | FILTERED : best;
}

function emptyLevel(width: number, height: number): Level {
  return { width, height, kinds: new Uint8Array(width * height), masks: new Uint16Array(width * height) };
}

// Builds the levels over a raster; pause is awaited between strips of work, so
// that whoever waits for the page gets it.
export async function buildPyramid(
  raster: Uint8Array, width: number, height: number, counts: Uint32Array, pause: () => Promise<void>,
): Promise<Pyramid> {
  const rank = rarity(counts);
  const levels: Level[] = [{ width, height, kinds: raster, masks: null }];
  for (let level = 1; level <= BLOCK_LEVEL; level++)
    levels.push(emptyLevel(Math.ceil(width / 2 ** level), Math.ceil(height / 2 ** level)));
  const [, half, quarter, eighth] = levels as [Level, Level, Level, Level];
  let histogram = new Uint32Array(eighth.width * eighth.height * BINS);
  const four = new Uint16Array(BINS);
  for (let by = 0; by < eighth.height; by++) {
    if ((by & 15) === 0) await pause();
    for (let bx = 0; bx < eighth.width; bx++) {
      const whole = (by * eighth.width + bx) * BINS;
      if (uniformBlock(raster, width, height, bx * BLOCK, by * BLOCK)) {
        const kind = raster[by * BLOCK * width + bx * BLOCK]!;
        histogram[whole + (kind & KIND_BITS)]! += BLOCK * BLOCK;
        if (kind & FILTERED) histogram[whole + KIND_COUNT]! += BLOCK * BLOCK;
        fillBlock(half, bx * 4, by * 4, 4, kind);
        fillBlock(quarter, bx * 2, by * 2, 2, kind);
        continue;
      }
      for (let qy = by * 2; qy < by * 2 + 2 && qy < quarter.height; qy++)
        for (let qx = bx * 2; qx < bx * 2 + 2 && qx < quarter.width; qx++) {
          four.fill(0);
          let mask = 0;
          for (let hy = qy * 2; hy < qy * 2 + 2 && hy < half.height; hy++)
            for (let hx = qx * 2; hx < qx * 2 + 2 && hx < half.width; hx++)
              mask |= halfCell(raster, width, height, half, hx, hy, four, rank);
          quarter.kinds[qy * quarter.width + qx] = majority(four, 0, rank);
          quarter.masks![qy * quarter.width + qx] = mask;
          for (let bin = 0; bin < BINS; bin++) histogram[whole + bin]! += four[bin]!;
        }
    }
  }
  await pause();
  settle(eighth, histogram, rank);
  for (let below = eighth; below.width > 1 || below.height > 1; ) {
    await pause();
    const level = emptyLevel(Math.ceil(below.width / 2), Math.ceil(below.height / 2));
    histogram = sumQuads(histogram, below, level);
    settle(level, histogram, rank);
    levels.push(level);
    below = level;
  }
  return { levels };
}

function uniformBlock(raster: Uint8Array, width: number, height: number, x0: number, y0: number): boolean {
  if (x0 + BLOCK > width || y0 + BLOCK > height) return false;
  const kind = raster[y0 * width + x0];
  for (let y = y0; y < y0 + BLOCK; y++)
    for (let at = y * width + x0, end = at + BLOCK; at < end; at++) if (raster[at] !== kind) return false;
  return true;
}

function fillBlock(level: Level, x0: number, y0: number, side: number, kind: number): void {
  for (let y = y0; y < y0 + side; y++) {
    const at = y * level.width + x0;
    level.kinds.fill(kind, at, at + side);
    level.masks!.fill(maskOf(kind & KIND_BITS), at, at + side);
  }
}

// One cell of level 1 from its four frames; adds them to counts and returns their mask.
function halfCell(
  raster: Uint8Array, width: number, height: number, half: Level, hx: number, hy: number,
  counts: Uint16Array, rank: Uint8Array,
): number {
  const x = hx * 2;
  const y = hy * 2;
  const at = y * width + x;
  const rawA = raster[at]!;
  const rawB = x + 1 < width ? raster[at + 1]! : OUTSIDE;
  const rawC = y + 1 < height ? raster[at + width]! : OUTSIDE;
  const rawD = x + 1 < width && y + 1 < height ? raster[at + width + 1]! : OUTSIDE;
  const filtered = (rawA >> 7) + (rawB >> 7) + (rawC >> 7) + (rawD >> 7);
  const a = rawA & KIND_BITS;
  const b = rawB & KIND_BITS;
  const c = rawC & KIND_BITS;
  const d = rawD & KIND_BITS;
  counts[a]!++;
  counts[b]!++;
  counts[c]!++;
  counts[d]!++;
  counts[KIND_COUNT]! += filtered;
  let best = OUTSIDE;
  let most = 0;
  for (let i = 0; i < 4; i++) {
    const code = i === 0 ? a : i === 1 ? b : i === 2 ? c : d;
    if (code === OUTSIDE) continue;
    const n = +(a === code) + +(b === code) + +(c === code) + +(d === code);
    if (n > most || (n === most && rank[code]! < rank[best]!)) {
      best = code;
      most = n;
    }
  }
  const mask = maskOf(a) | maskOf(b) | maskOf(c) | maskOf(d);
  half.kinds[hy * half.width + hx] = filtered * 2 >= 4 ? best | FILTERED : best;
  half.masks![hy * half.width + hx] = mask;
  return mask;
}

function settle(level: Level, histogram: Uint32Array, rank: Uint8Array): void {
  for (let i = 0; i < level.kinds.length; i++) {
    level.kinds[i] = majority(histogram, i * BINS, rank);
    let mask = 0;
    for (let code = 1; code < KIND_COUNT; code++) if (histogram[i * BINS + code]) mask |= 1 << (code - 1);
    level.masks![i] = mask;
  }
}

function sumQuads(histogram: Uint32Array, below: Level, level: Level): Uint32Array<ArrayBuffer> {
  const sums = new Uint32Array(level.width * level.height * BINS);
  for (let y = 0; y < below.height; y++)
    for (let x = 0; x < below.width; x++) {
      const from = (y * below.width + x) * BINS;
      const to = ((y >> 1) * level.width + (x >> 1)) * BINS;
      for (let bin = 0; bin < BINS; bin++) sums[to + bin]! += histogram[from + bin]!;
    }
  return sums;
}

// Presence of marked frames at every level: 1 where any frame under the cell is
// marked. points: x and y of each.
export function markLevels(points: Uint32Array, pyramid: Pyramid): Uint8Array[] {
  const marks = pyramid.levels.map((level) => new Uint8Array(level.width * level.height));
  for (let i = 0; i + 1 < points.length; i += 2)
    for (let l = 0; l < marks.length; l++) {
      const at = (points[i + 1]! >> l) * pyramid.levels[l]!.width + (points[i]! >> l);
      if (marks[l]![at]) break; // and so all above it
      marks[l]![at] = 1;
    }
  return marks;
}
