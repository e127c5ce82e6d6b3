// Places, bytes, translations, types.
import type { ByteRange, Bytes, ByteState, Place, Resolved, Translated, TypeText, TypeValue } from '../protocol';
import { physicalState } from './frames';
import type { Wasm } from './wasm';
import { ABSENT, FILTERED, high, low, NOT_FOUND, OK, UNMAPPED } from './wasm';
import type { Work } from './work';
import { Failure } from './work';

const MOST_BYTES = 1 << 20;
const PIECE = 1024n;
const KERNEL = 0;
const PROCESS = 1;
const PHYSICAL = 2;

function kindOf(place: Place): number {
  if (place.space === 'p') return PHYSICAL;
  return place.pid === undefined ? KERNEL : PROCESS;
}

function check(wasm: Wasm, status: number, place: Place): void {
  if (status === OK) return;
  if (place.pid !== undefined && status === NOT_FOUND) throw new Failure(`no process ${String(place.pid)}`, 'see tasks');
  if (place.pid !== undefined && status === UNMAPPED)
    throw new Failure(`${String(place.pid)} is a kernel thread: it has no memory of its own`);
  throw new Failure(wasm.status(status));
}

// ── Places ─────────────────────────────────────────────────────────────────

export function resolve(work: Work, ask: { text: string }): Resolved {
  const { wasm } = work;
  const text = ask.text.trim();
  const inFile = text.startsWith('f:');
  const asked = inFile ? `p:${text.slice(2)}` : text; // the same arithmetic
  const status = wasm.withText(asked, (p, n) => wasm.call.web_place(p, n));
  if (status !== OK) {
    const { bad } = wasm.outJson() as { bad: number };
    if (status === NOT_FOUND)
      throw new Failure(`no symbol '${asked.slice(bad)}'`, 'a hex address begins with 0x; see symbols');
    throw new Failure(`'${text}' is no address`, 'p:0x1000, v:SYMBOL+0x10, v:PID:0x7f.., f:OFFSET');
  }
  const found = wasm.outJson() as { kind: number; pid: string; address: string; symbol: string | null };
  const address = BigInt(found.address);
  if (inFile) return { place: { space: 'f', address }, symbol: null };
  if (found.kind === PHYSICAL) return { place: { space: 'p', address }, symbol: null };
  const place: Place = { space: 'v', address };
  if (found.kind === PROCESS) place.pid = BigInt(found.pid);
  return { place, symbol: found.symbol };
}

// ── Bytes ──────────────────────────────────────────────────────────────────

function stateOf(status: number): ByteState {
  switch (status) {
    case OK:
      return 'present';
    case ABSENT:
      return 'absent';
    case FILTERED:
      return 'filtered';
    case UNMAPPED:
      return 'unmapped';
    default:
      return 'error';
  }
}

// Appends a range, or lengthens the last one.
function add(ranges: ByteRange[], end: number, state: ByteState, reason: string): void {
  const last = ranges.at(-1);
  if (last?.state === state && last.reason === reason) last.end = end;
  else ranges.push({ start: last?.end ?? 0, end, state, reason });
}

function readFile(wasm: Wasm, place: Place, length: number): Bytes {
  const bytes = new Uint8Array(length);
  const ranges: ByteRange[] = [];
  const size = BigInt(wasm.files[0]?.size ?? 0);
  const n = place.address >= size ? 0 : Math.min(length, Number(size - place.address));
  if (n) {
    try {
      bytes.set(wasm.fileBytes(0, Number(place.address), n));
      add(ranges, n, 'present', 'of the file');
    } catch (error) {
      add(ranges, n, 'error', error instanceof Error ? error.message : String(error));
    }
  }
  if (n < length) add(ranges, length, 'absent', 'past the end of the file');
  return { place, bytes, ranges };
}

export function read(work: Work, ask: { place: Place; length: number }): Bytes {
  const { wasm } = work;
  const { place } = ask;
  const toEnd = (1n << 64n) - place.address;
  const length = Number(BigInt(Math.min(ask.length, MOST_BYTES)) < toEnd ? Math.min(ask.length, MOST_BYTES) : toEnd);
  if (place.space === 'f') return readFile(wasm, place, length);
  const pid = place.pid ?? 0n;
  const status = wasm.call.web_read(kindOf(place), low(pid), high(pid), low(place.address), high(place.address), length);
  check(wasm, status, place);
  const out = wasm.out();
  const bytes = out.slice(0, length);
  const states = out.slice(length);
  const ranges: ByteRange[] = [];
  let at = 0;
  for (const state of states) {
    const piece = Math.min(length - at, Number(PIECE - ((place.address + BigInt(at)) % PIECE)));
    const zero = state === OK && place.space === 'p' && physicalState(wasm, place.address + BigInt(at)).state === 'zero';
    if (zero) add(ranges, at + piece, 'zero', 'the dump says that it is zero');
    else add(ranges, at + piece, stateOf(state), state === OK ? 'in the dump' : wasm.status(state));
    at += piece;
  }
  return { place, bytes, ranges };
}

interface JsonTranslated extends Record<'physical' | 'pageBytes' | 'entry' | 'swapType' | 'swapOffset' | 'state', string> {
  level: number;
  mapped: boolean;
  writable: boolean;
  executable: boolean;
  user: boolean;
  dirty: boolean;
  accessed: boolean;
  swapped: boolean;
}

export function translate(work: Work, ask: { place: Place }): Translated {
  const { wasm } = work;
  const { place } = ask;
  const pid = place.pid ?? 0n;
  if (place.space === 'f') throw new Failure('an offset in the file is not translated');
  check(wasm, wasm.call.web_translate(kindOf(place), low(pid), high(pid), low(place.address), high(place.address)), place);
  const t = wasm.outJson() as JsonTranslated;
  return {
    state: t.state,
    physical: t.mapped ? BigInt(t.physical) : null,
    pageBytes: BigInt(t.pageBytes),
    entry: BigInt(t.entry),
    level: t.level,
    writable: t.writable,
    executable: t.executable,
    user: t.user,
    dirty: t.dirty,
    accessed: t.accessed,
    swapType: t.swapped ? BigInt(t.swapType) : null,
    swapOffset: t.swapped ? BigInt(t.swapOffset) : null,
  };
}

// ── Types ──────────────────────────────────────────────────────────────────

interface JsonType {
  id: number;
  others: number;
  sized: boolean;
  bytes: string;
  lost?: number;
}

function checkType(wasm: Wasm, status: number, type: string): void {
  if (status === NOT_FOUND) throw new Failure(`no type or member '${type}'`, 'see types and members');
  if (status !== OK) throw new Failure(`${type}: ${wasm.status(status)}`);
}

export function struct(work: Work, ask: { type: string }): TypeText {
  const { wasm } = work;
  checkType(wasm, wasm.withText(ask.type, (p, n) => wasm.call.web_struct(p, n)), ask.type);
  const [head = '{}', text = ''] = wasm.outText().split('\0');
  const type = JSON.parse(head) as JsonType;
  return { text, name: ask.type, id: type.id, bytes: type.sized ? BigInt(type.bytes) : null, others: type.others };
}

export function value(work: Work, ask: { type: string; place: Place }): TypeValue {
  const { wasm } = work;
  const { place } = ask;
  const pid = place.pid ?? 0n;
  if (place.space === 'f') throw new Failure('types are of memory, not of the file');
  const status = wasm.withText(ask.type, (p, n) =>
    wasm.call.web_value(p, n, kindOf(place), low(pid), high(pid), low(place.address), high(place.address)),
  );
  checkType(wasm, status, ask.type);
  const [text = '', json = '', head = '{}'] = wasm.outText().split('\0');
  const type = JSON.parse(head) as JsonType;
  return { text, json, bytes: type.sized ? BigInt(type.bytes) : null, lost: type.lost ? wasm.status(type.lost) : null };
}
