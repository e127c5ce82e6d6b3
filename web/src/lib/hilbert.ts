// The Hilbert curve: frames that are near in memory are near in the picture. The
// curve begins in one corner of its square and ends in the other one of the same
// edge, so squares side by side are one unbroken curve.

// Point of each quarter in walking order, and how the curve inside it is turned.
// The turns are identity 0, transpose 1, anti-transpose 2 and both 3; they
// compose by exclusive or.
const QUARTER_X = [0, 0, 1, 1];
const QUARTER_Y = [0, 1, 1, 0];
const QUARTER_TURN = [1, 0, 0, 2];
const QUARTER_AT = [0, 1, 3, 2]; // [x * 2 + y]

function turned(turn: number, x: number, y: number): [number, number] {
  switch (turn) {
    case 1:
      return [y, x];
    case 2:
      return [1 - y, 1 - x];
    case 3:
      return [1 - x, 1 - y];
    default:
      return [x, y];
  }
}

// STEP[turn * 4 + quarter] = x << 4 | y << 3 | next turn; BACK[turn * 4 + x * 2 + y] = quarter.
const STEP = new Uint8Array(16);
const BACK = new Uint8Array(16);
for (let turn = 0; turn < 4; turn++)
  for (let quarter = 0; quarter < 4; quarter++) {
    const [x, y] = turned(turn, QUARTER_X[quarter]!, QUARTER_Y[quarter]!);
    STEP[turn * 4 + quarter] = (x << 4) | (y << 3) | (turn ^ QUARTER_TURN[quarter]!);
    const [bx, by] = turned(turn, x, y);
    BACK[turn * 4 + x * 2 + y] = QUARTER_AT[bx * 2 + by]!;
  }

export interface Point {
  x: number;
  y: number;
}

// Where index d lies in a square of side 1 << order (order at most 15).
export function hilbertPoint(order: number, d: number): Point {
  let x = 0;
  let y = 0;
  let turn = 0;
  for (let shift = 2 * (order - 1); shift >= 0; shift -= 2) {
    const step = STEP[turn * 4 + ((d >>> shift) & 3)]!;
    x = (x << 1) | (step >> 4);
    y = (y << 1) | ((step >> 3) & 1);
    turn = step & 7;
  }
  return { x, y };
}

export function hilbertIndex(order: number, x: number, y: number): number {
  let d = 0;
  let turn = 0;
  for (let bit = order - 1; bit >= 0; bit--) {
    const quarter = BACK[turn * 4 + ((x >> bit) & 1) * 2 + ((y >> bit) & 1)]!;
    d = d * 4 + quarter;
    turn ^= QUARTER_TURN[quarter]!;
  }
  return d;
}

const BLOCK_ORDER = 4;
const BLOCK = 1 << (2 * BLOCK_ORDER);

// Offsets of a 16 by 16 block of the curve for every turn, in a raster of this
// width; mirrored: with x to the left.
function blockOffsets(width: number, mirrored: boolean): Int32Array {
  const offsets = new Int32Array(4 * BLOCK);
  for (let turn = 0; turn < 4; turn++)
    for (let d = 0; d < BLOCK; d++) {
      let x = 0;
      let y = 0;
      let t = turn;
      for (let shift = 2 * (BLOCK_ORDER - 1); shift >= 0; shift -= 2) {
        const step = STEP[t * 4 + ((d >> shift) & 3)]!;
        x = (x << 1) | (step >> 4);
        y = (y << 1) | ((step >> 3) & 1);
        t = step & 7;
      }
      offsets[turn * BLOCK + d] = y * width + (mirrored ? -x : x);
    }
  return offsets;
}

// Writes source[from..to), which lie in one square, along the curve into target,
// a raster of this width in which the square of side 1 << order (order at least
// 4) begins at the cell corner. base: the index of the square's first frame;
// from - base is a multiple of 256.
export function hilbertScatter(
  source: Uint8Array, target: Uint8Array, width: number, order: number, corner: number, mirrored: boolean,
  base: number, from: number, to: number,
): void {
  const offsets = blockOffsets(width, mirrored);
  const start = mirrored ? corner + (1 << order) - 1 : corner;
  for (let at = from; at < to; at += BLOCK) {
    let x = 0;
    let y = 0;
    let turn = 0;
    for (let shift = 2 * order - 2; shift >= 2 * BLOCK_ORDER; shift -= 2) {
      const step = STEP[turn * 4 + (((at - base) >>> shift) & 3)]!;
      x = (x << 1) | (step >> 4);
      y = (y << 1) | ((step >> 3) & 1);
      turn = step & 7;
    }
    const across = x << BLOCK_ORDER;
    const origin = start + (y << BLOCK_ORDER) * width + (mirrored ? -across : across);
    const table = turn * BLOCK;
    const n = Math.min(BLOCK, to - at);
    for (let i = 0; i < n; i++) target[origin + offsets[table + i]!] = source[at + i]!;
  }
}
