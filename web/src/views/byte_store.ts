// Bytes of the dump in blocks, asked for as they come into sight.
import { signal } from '@preact/signals';

import { client, generation, troubleOf } from '../app/state';
import type { Bytes, ByteState, Place } from '../protocol';

const BLOCK = 4096;
const KEPT = 64;

type Block = { state: 'loading' } | { state: 'ready'; bytes: Bytes } | { state: 'error'; message: string };

const blocks = new Map<string, Block>();
let ofDump = -1;
export const arrived = signal(0); // counts blocks: who draws bytes draws anew

function block(space: Place, start: bigint): Block {
  if (ofDump !== generation.value) {
    blocks.clear();
    ofDump = generation.value;
  }
  const key = `${space.space} ${space.pid ?? ''} ${start}`;
  const kept = blocks.get(key);
  if (kept) return kept;
  const made: Block = { state: 'loading' };
  blocks.set(key, made);
  if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value!);
  client().read({ ...space, address: start }, BLOCK).then(
    (bytes) => blocks.set(key, { state: 'ready', bytes }),
    (error: unknown) => blocks.set(key, { state: 'error', message: troubleOf(error).message }),
  ).finally(() => arrived.value++);
  return made;
}

export interface OneByte {
  value: number; // -1: there is none
  state: ByteState | 'loading';
  reason: string;
}

// n bytes from an address on; what is not there yet is loading.
export function bytesFrom(space: Place, address: bigint, n: number): OneByte[] {
  const list: OneByte[] = [];
  let at = address;
  while (list.length < n) {
    const start = at - (at % BigInt(BLOCK));
    const one = block(space, start);
    const from = Number(at - start);
    const end = Math.min(BLOCK, from + n - list.length);
    if (one.state === 'ready') {
      const { bytes, ranges } = one.bytes;
      let r = 0;
      for (let i = from; i < end; i++) {
        while (r < ranges.length && ranges[r]!.end <= i) r++;
        const range = ranges[r];
        const state = range && range.start <= i ? range.state : 'error';
        const known = state === 'present' || state === 'zero';
        list.push({ value: known ? (bytes[i] ?? -1) : -1, state, reason: range?.reason ?? '' });
      }
    } else
      for (let i = from; i < end; i++)
        list.push({ value: -1, state: one.state === 'loading' ? 'loading' : 'error', reason: one.state === 'error' ? one.message : '' });
    at = BigInt.asUintN(64, start + BigInt(BLOCK));
  }
  return list;
}
