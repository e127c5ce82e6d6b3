import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lengthOf, type Range, shareOf } from '../src/worker/share';

const RANGES: Range[] = [
  { start: 0n, end: 10n },
  { start: 100n, end: 107n },
  { start: 200n, end: 230n },
];

test('shares meet, and are all there is', () => {
  for (const parts of [1, 2, 3, 7, 100])
    for (const unit of [1n, 4n, 64n]) {
      const seen: bigint[] = [];
      for (let part = 0; part < parts; part++)
        for (const { start, end } of shareOf(RANGES, { part, parts }, unit)) for (let at = start; at < end; at++) seen.push(at);
      const all = RANGES.flatMap(({ start, end }) => Array.from({ length: Number(end - start) }, (_, i) => start + BigInt(i)));
      assert.deepEqual(seen, all, `${parts} parts of ${unit}`);
    }
});

test('two shares are equal to within a unit', () => {
  const [first, second] = [0, 1].map((part) => lengthOf(shareOf(RANGES, { part, parts: 2 }, 4n)));
  assert.equal(first, 20n); // of 47
  assert.equal(second, 27n);
});

test('a share is followed beyond its border, not beyond its range', () => {
  assert.deepEqual(shareOf(RANGES, { part: 0, parts: 2 }, 4n, 5n), [
    { start: 0n, end: 10n },
    { start: 100n, end: 107n },
    { start: 200n, end: 208n },
  ]);
  assert.deepEqual(shareOf([{ start: 0n, end: 8n }], { part: 1, parts: 2 }, 4n, 5n), [{ start: 4n, end: 8n }]);
  assert.deepEqual(shareOf([], { part: 0, parts: 2 }, 4n), []);
});
