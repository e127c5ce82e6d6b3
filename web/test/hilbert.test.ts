import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hilbertIndex, hilbertPoint } from '../src/lib/hilbert';
import { hilbertLayout, layoutOf, linearLayout, pfnOfSlot, runOfSlot, runsOf, slotCount, slotOfPfn } from '../src/map/layout';

test('the curve of order 1 and 2 is the one of the textbook', () => {
  const points = (order: number, n: number) =>
    Array.from({ length: n }, (_, d) => hilbertPoint(order, d)).map(({ x, y }) => `${x}${y}`).join(' ');
  assert.equal(points(1, 4), '00 01 11 10');
  assert.equal(points(2, 16), '00 10 11 01 02 03 13 12 22 23 33 32 31 21 20 30');
});

test('each point of the curve is beside the one before it, and each is met once', () => {
  const order = 6;
  const seen = new Set<number>();
  let last = { x: -1, y: 0 };
  for (let d = 0; d < 4 ** order; d++) {
    const point = hilbertPoint(order, d);
    assert.equal(Math.abs(point.x - last.x) + Math.abs(point.y - last.y), 1);
    assert.equal(hilbertIndex(order, point.x, point.y), d);
    seen.add(point.y * 64 + point.x);
    last = point;
  }
  assert.equal(seen.size, 4096);
  assert.deepEqual(last, { x: 63, y: 0 });
});

test('a point of a curve of order 15 survives there and back', () => {
  for (const d of [0, 1, 4 ** 15 - 1, 715827882, 123456789]) {
    const { x, y } = hilbertPoint(15, d);
    assert.equal(hilbertIndex(15, x, y), d);
  }
});

for (const slots of [1, 255, 256, 5000, 131136, 70001])
  for (const kind of ['hilbert', 'linear'] as const)
    test(`layout ${kind} of ${slots} frames puts each frame where it says, and finds it there`, () => {
      const layout = layoutOf(kind, slots);
      const frames = Uint8Array.from({ length: slots }, (_, i) => 1 + (Math.imul(i, 2654435761) >>> 28));
      const raster = new Uint8Array(layout.width * layout.height);
      layout.scatter(frames, raster, 0, slots);
      assert.equal(raster.reduce((n, kind) => n + Number(kind !== 0), 0), slots);
      const step = Math.max(1, Math.floor(slots / 997));
      for (let slot = 0; slot < slots; slot += step) {
        const { x, y } = layout.pointOf(slot);
        assert.ok(x < layout.usedWidth && y < layout.usedHeight);
        assert.equal(raster[y * layout.width + x], frames[slot]);
        assert.equal(layout.slotAt(x, y), slot);
      }
      assert.equal(layout.slotAt(-1, 0), -1);
      assert.equal(layout.slotAt(0, layout.height), -1);
    });

test('a layout scattered in strips is the same as in one piece', () => {
  const slots = 3 * 65536 + 17;
  const frames = Uint8Array.from({ length: slots }, (_, i) => 1 + (i % 13));
  for (const layout of [hilbertLayout(slots), linearLayout(slots)]) {
    const whole = new Uint8Array(layout.width * layout.height);
    const strips = new Uint8Array(layout.width * layout.height);
    layout.scatter(frames, whole, 0, slots);
    for (let at = 0; at < slots; at += 65536) layout.scatter(frames, strips, at, Math.min(at + 65536, slots));
    assert.deepEqual(strips, whole);
  }
});

test('the picture has about the shape of a screen', () => {
  for (const slots of [131072, 786432, 2 ** 20, 2 ** 24])
    for (const layout of [hilbertLayout(slots), linearLayout(slots)]) {
      const aspect = layout.usedWidth / layout.usedHeight;
      assert.ok(aspect >= 0.7 && aspect <= 2.9, `${layout.kind} ${slots}: ${aspect}`);
    }
});

test('frames below and above a PCI hole have slots, and the hole is drawn shorter', () => {
  const runs = runsOf([{ pfn: 0, frames: 0xc0000 }, { pfn: 0x100000, frames: 0x40000 }]);
  assert.equal(runs.length, 3);
  const hole = runs[1]!;
  assert.ok(hole.gap && hole.frames === 0x40000 && hole.slots < hole.frames);
  assert.equal(slotCount(runs), 0x100000 + hole.slots);
  assert.equal(slotOfPfn(runs, 0xbffff), 0xbffff);
  assert.equal(slotOfPfn(runs, 0x100000), 0xc0000 + hole.slots);
  assert.equal(pfnOfSlot(runs, 0xc0000 + hole.slots), 0x100000);
  assert.equal(pfnOfSlot(runs, 0xc0000), null); // somewhere in the hole
  assert.ok(runOfSlot(runs, 0xc0000)!.gap);
  assert.equal(slotOfPfn(runs, 0x140000), null);
  assert.equal(slotOfPfn(runs, 0xd0000) !== null, true);
});

test('memory that begins at 1 GiB has its first frame first', () => {
  const runs = runsOf([{ pfn: 0x40000, frames: 1000 }]);
  assert.equal(slotOfPfn(runs, 0x40000), 0);
  assert.equal(slotOfPfn(runs, 0x3ffff), null);
  assert.equal(pfnOfSlot(runs, 999), 0x403e7);
});

test('no memory is no slots', () => {
  assert.equal(slotCount(runsOf([])), 0);
  assert.equal(runOfSlot([], 0), null);
});
