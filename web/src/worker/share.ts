// What one of several workers takes of a pass: an equal part of the ranges, cut at multiples of unit.
import type { Share } from '../protocol';

export interface Range {
  start: bigint;
  end: bigint; // exclusive
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export const lengthOf = (ranges: Range[]): bigint => ranges.reduce((sum, range) => sum + range.end - range.start, 0n);

// beyond: how far a range that another worker goes on with is followed.
export function shareOf(ranges: Range[], { part, parts }: Share, unit: bigint, beyond = 0n): Range[] {
  const total = lengthOf(ranges);
  const border = (i: number): bigint => (i === parts ? total : ((total * BigInt(i)) / BigInt(parts) / unit) * unit);
  const first = border(part);
  const last = border(part + 1);
  const found: Range[] = [];
  let before = 0n; // length of the ranges gone by
  for (const { start, end } of ranges) {
    const from = max(first - before, 0n);
    const to = min(last - before, end - start);
    if (from < to) found.push({ start: start + from, end: min(start + to + beyond, end) });
    before += end - start;
  }
  return found;
}
