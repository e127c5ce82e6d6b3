import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FILTERED, KIND_BITS, KIND_COUNT, kindCode, KINDS, OUTSIDE } from '../src/map/kinds';
import { Frames, pictureOf, pointsOf } from '../src/map/model';
import { levelFor } from '../src/map/paint';
import { buildPyramid, countKinds, markLevels, type Pyramid } from '../src/map/pyramid';

const now = () => Promise.resolve();
const random = (seed: number) => () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;

// Counts every cell from the frames themselves.
function check(pyramid: Pyramid, raster: Uint8Array, width: number, height: number): void {
  const totals = countKinds(raster);
  pyramid.levels.forEach((level, l) => {
    const side = 2 ** l;
    assert.equal(level.width, Math.ceil(width / side));
    assert.equal(level.height, Math.ceil(height / side));
    for (let cy = 0; cy < level.height; cy++)
      for (let cx = 0; cx < level.width; cx++) {
        const counts = new Map<number, number>();
        let filtered = 0;
        let all = 0;
        for (let y = cy * side; y < Math.min(height, (cy + 1) * side); y++)
          for (let x = cx * side; x < Math.min(width, (cx + 1) * side); x++) {
            const raw = raster[y * width + x]!;
            const kind = raw & KIND_BITS;
            if (kind === OUTSIDE) continue;
            all++;
            counts.set(kind, (counts.get(kind) ?? 0) + 1);
            if (raw & FILTERED) filtered++;
          }
        const at = cy * level.width + cx;
        const kind = level.kinds[at]! & KIND_BITS;
        const most = Math.max(0, ...counts.values());
        const winners = [...counts].filter(([, n]) => n === most).map(([code]) => code);
        if (!all) assert.equal(kind, OUTSIDE);
        else {
          const rarest = Math.min(...winners.map((code) => totals[code]!));
          assert.ok(winners.includes(kind), `level ${l} ${cx},${cy}`);
          assert.equal(totals[kind], rarest, 'of equals the rarer kind');
          if (l >= 2 || all === 4) assert.equal((level.kinds[at]! & FILTERED) !== 0, filtered * 2 >= all);
        }
        if (level.masks) assert.deepEqual([...counts.keys()].sort((a, b) => a - b), bits(level.masks[at]!));
      }
  });
  const top = pyramid.levels[pyramid.levels.length - 1]!;
  assert.deepEqual([top.width, top.height], [1, 1]);
}

function bits(mask: number): number[] {
  return Array.from({ length: KIND_COUNT - 1 }, (_, i) => i + 1).filter((code) => mask & (1 << (code - 1)));
}

for (const [width, height] of [[1, 1], [8, 8], [16, 16], [37, 21], [64, 40], [7, 100]] as const)
  test(`every level of ${width} by ${height} has the true majority and all kinds present`, async () => {
    const next = random(width * 100 + height);
    const raster = Uint8Array.from({ length: width * height }, () => {
      const kind = next() < 0.1 ? OUTSIDE : 1 + Math.floor(next() * next() * (KIND_COUNT - 1));
      return kind === OUTSIDE ? OUTSIDE : kind | (next() < 0.4 ? FILTERED : 0);
    });
    check(await buildPyramid(raster, width, height, countKinds(raster), now), raster, width, height);
  });

test('blocks of one kind are counted as if frame by frame', async () => {
  const raster = new Uint8Array(64 * 64).fill(3);
  raster.fill(5 | FILTERED, 0, 64 * 32);
  raster[40 * 64 + 5] = 7;
  check(await buildPyramid(raster, 64, 64, countKinds(raster), now), raster, 64, 64);
});

test('one marked frame shows at every level', async () => {
  const raster = new Uint8Array(100 * 60).fill(1);
  const pyramid = await buildPyramid(raster, 100, 60, countKinds(raster), now);
  const marks = markLevels(Uint32Array.from([99, 59, 3, 4]), pyramid);
  marks.forEach((level, l) => {
    const { width } = pyramid.levels[l]!;
    assert.equal(level[(59 >> l) * width + (99 >> l)], 1);
    assert.equal(level[(4 >> l) * width + (3 >> l)], 1);
    assert.ok(level.reduce((n, mark) => n + mark, 0) <= 2);
  });
});

test('cells on screen are never smaller than a pixel', () => {
  for (const scale of [0.004, 0.1, 0.25, 0.3, 0.5, 0.99, 1, 1.5, 64]) {
    const cell = scale * 2 ** levelFor(scale, 20);
    assert.ok(cell >= 0.999999, `${scale}`);
    if (scale < 1) assert.ok(cell < 2.000001);
  }
});

test('chunks of the worker become frames by name, also by one of tomorrow', async () => {
  const names = ['absent', 'unreadable', 'slab', 'free', 'a kind of tomorrow'];
  const frames = new Frames({ names, runs: [{ start: 100, end: 612 }], pageBytes: 4096 });
  frames.add({ startPfn: 100, kinds: Uint8Array.from([2, 3 | 0x40, 4, 0]) });
  assert.equal(frames.bytes[0]! & KIND_BITS, kindCode('slab'));
  assert.equal(frames.bytes[1], kindCode('free') | 0x40);
  assert.equal(KINDS[frames.bytes[2]! & KIND_BITS]!.name, 'unknown');
  assert.equal(KINDS[frames.bytes[511]! & KIND_BITS]!.name, 'absent');
  const picture = await pictureOf(frames, 'hilbert', now);
  assert.equal(picture.counts[kindCode('slab')], 1);
  const [x, y] = pointsOf(frames, picture.layout, [101, 99, 5000]);
  assert.equal(picture.pyramid.levels[0]!.kinds[y! * picture.layout.width + x!], kindCode('free'));
});

test('every kind fits the mask and the five bits of a frame', () => {
  assert.ok(KIND_COUNT - 1 <= 16 && KIND_COUNT - 1 <= KIND_BITS);
  assert.equal(new Set(KINDS.map((kind) => kind.glyph).filter(Boolean)).size, KINDS.filter((kind) => kind.glyph).length);
});
