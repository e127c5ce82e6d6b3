// What the page and the worker say to each other.
//
// The worker owns the dump and the wasm; the page owns pixels. A number of the
// guest crosses as BigInt or as text, never as a double. The one exception are
// page frame numbers and counts of frames: an address has 64 bits and a page at
// least 4096 bytes, so they are below 2^52, and exact.

// ── Tables ─────────────────────────────────────────────────────────────────

export type CellKind = 'u64' | 'i64' | 'bool' | 'address' | 'text' | 'bytes' | 'duration' | 'time';

// Why there is a value that can't be told: a line for people.
export interface Unreadable {
  unreadable: string;
}

// By the kind of its column: u64, i64, address, duration (ns) and time (Unix
// seconds) are bigint, bool is boolean, bytes are Uint8Array, text is string in
// its public form: a byte that is not UTF-8 is \xNN, and a backslash is \\.
// Hidden and bidirectional characters are still in it: show it through
// escape.ts. Null: there is no such value. SQL gives doubles, too.
export type Cell = null | boolean | bigint | number | string | Uint8Array | Unreadable;

export interface Column {
  name: string;
  kind: CellKind;
  doc: string; // one line
  key: boolean; // part of what identifies a row
  pushed: boolean; // an equality (mostly) on it makes the walk shorter
  costly: boolean; // computed only when asked for, and not cheap
  hidden: boolean; // shown only when named
}

export interface Table {
  name: string;
  group: string; // machine, types, processes, memory, bpf, network
  doc: string; // one line
  imageOnly: boolean; // needs no attached kernel
  oneRow: boolean; // shown upright
  columns: Column[];
}

export type Operator = '=' | '<' | '<=' | '>' | '>=';

export interface Constraint {
  column: string;
  op: Operator;
  // Text as cells show it (numbers also 0x...), or the value of a cell.
  value: string | bigint | boolean | Uint8Array;
}

export interface Query {
  table: string;
  constraints?: Constraint[]; // all must hold
  columns?: string[]; // those wanted, in this order; otherwise all that are not hidden
  offset?: number; // rows to leave out first
  limit?: number; // rows to give; otherwise 10,000
}

export interface Rows {
  columns: Column[];
  rows: Cell[][];
  // True: these are the last rows. False: ask again with a greater offset; the
  // walk goes on from where it stopped when nothing else was asked of it since.
  complete: boolean;
  partial: boolean; // something in the walk so far was lost: see diagnostics
  diagnostics: Diagnostic[]; // what this answer added
}

export interface Diagnostic {
  subject: string; // table or stage
  what: string;
  object: bigint; // guest address or file offset of the first one; 0n: none
  reason: string;
  count: bigint;
}

export interface SqlQuery {
  text: string; // one statement
  parameters?: (null | string | bigint)[]; // of its ?
  limit?: number; // rows; otherwise 10,000
}

export interface SqlRows {
  columns: string[];
  rows: Cell[][];
  complete: boolean; // false: there are more than limit
  diagnostics: Diagnostic[];
  milliseconds: number;
}

// ── The dump ───────────────────────────────────────────────────────────────

export interface OpenOptions {
  btf?: Blob; // /sys/kernel/btf/vmlinux of that kernel
  symbols?: Blob; // its System.map
  root?: bigint; // physical address of its page-table root
}

export interface Trouble {
  message: string; // one line: what, where, why
  advice?: string; // what to try
}

export interface Opened {
  container: string; // raw, lime, avml, elf, kdump, ...
  fileBytes: number; // of all parts
  attached: boolean; // false: only tables with imageOnly have rows, and p: and f: can be read
  trouble?: Trouble; // why it is not attached
  pageBytes: number; // of a page frame; 4096 when not attached
  tables: Table[];
  diagnostics: Diagnostic[];
}

export interface Progress {
  stage: string; // a word or two for people: "open", "attach", "frames", ...
  done: number; // bytes, or frames for "frames"
  total: number; // 0: not known
  bytesPerSecond: number; // of the file, lately
  secondsLeft?: number;
}

// ── Frames: the memory map ─────────────────────────────────────────────────

// One byte a frame. Low five bits: what it is, an index into FrameKinds.names.
export const FRAME_KIND = 0x1f;
export const FRAME_ABSENT = 0; // no memory that this dump knows: a gap
export const FRAME_UNREADABLE = 1; // it is there, but what describes it can't be read
export const FRAME_MAPPED = 0x20; // a page-table entry leads to it
export const FRAME_SHARED = 0x40; // more than one does
export const FRAME_FILTERED = 0x80; // its bytes were left out of the dump (on purpose, or cut short)

export interface FrameRun {
  start: number; // pfn
  end: number; // pfn, exclusive
}

export interface FrameKinds {
  names: string[]; // absent, unreadable, unknown, free, file, shmem, anon, slab, page_table, ...
  runs: FrameRun[]; // where the dump knows memory, ascending; many at most 65,536
  pageBytes: number;
}

// Chunks come in any order, each lies in one run, and all of them cover all runs
// (of the worker's share).
export interface FrameChunk {
  startPfn: number;
  kinds: Uint8Array; // a byte a frame
}

export interface FrameUser {
  tgid: bigint;
  comm: Cell;
  address: bigint;
}

export interface Frame {
  pfn: number;
  physical: bigint;
  state: ByteState; // of its bytes
  fileOffset: bigint | null; // where they stand in the dump's file
  page: Record<string, Cell> | null; // its row of `pages`, owner included; null: no struct page
  users: FrameUser[]; // processes that have it mapped; only when asked for
  usersComplete: boolean;
}

// ── Bytes ──────────────────────────────────────────────────────────────────

export type Space = 'p' | 'v' | 'f';

export interface Place {
  space: Space; // physical, virtual, offset in the dump's file
  pid?: bigint; // of v: whose address space; otherwise the kernel's
  address: bigint;
}

export type ByteState = 'present' | 'zero' | 'absent' | 'filtered' | 'unmapped' | 'error';

export interface ByteRange {
  start: number; // offset in bytes
  end: number; // exclusive
  state: ByteState;
  reason: string; // a line for people
}

export interface Bytes {
  place: Place;
  // Those of a range that is not present (or zero) mean nothing: never show them.
  bytes: Uint8Array;
  ranges: ByteRange[]; // ascending, without gaps
}

export interface Resolved {
  place: Place;
  symbol: string | null; // name or name+0x10 near it
}

export interface Translated {
  state: string; // present, none, prot_none, swap, migration, other
  physical: bigint | null;
  pageBytes: bigint;
  entry: bigint;
  level: number;
  writable: boolean;
  executable: boolean;
  user: boolean;
  dirty: boolean;
  accessed: boolean;
  swapType: bigint | null;
  swapOffset: bigint | null;
}

export interface TypeText {
  text: string; // its C declaration with offsets, sizes and holes as comments
  name: string;
  id: number; // BTF type id, as in the tables types and members
  bytes: bigint | null;
  others: number; // further types of the same name
}

export interface TypeValue {
  text: string; // C initialisers
  json: string;
  bytes: bigint | null;
  lost: string | null; // why the end of it is not known
}

export interface SearchQuery {
  needle: Uint8Array;
  space: 'p' | 'f'; // memory, or the file as it is
  start?: bigint;
  limit?: number; // hits; otherwise SEARCH_HITS
}
export const SEARCH_HITS = 10_000;

export interface SearchHits {
  addresses: bigint[];
  complete: boolean;
}

export interface ExtractQuery {
  inodeAddress?: bigint; // the column `address` of `inodes`
  device?: string; // with inode
  inode?: bigint;
  path?: string;
}

export interface Extracted {
  blob: Blob; // zeros stand where bytes are missing
  name: string; // safe as the name of a download
  bytes: bigint;
  missing: { start: bigint; end: bigint }[];
}

// The part of a pass over everything that one worker takes: the first of two is
// { part: 0, parts: 2 }.
export interface Share {
  part: number;
  parts: number;
}

// ── Messages ───────────────────────────────────────────────────────────────

// What can be asked, and what comes back.
export interface Requests {
  open: { ask: { files: Blob[]; options: OpenOptions }; answer: Opened; piece: never };
  query: { ask: Query; answer: Rows; piece: never };
  sql: { ask: SqlQuery; answer: SqlRows; piece: never };
  frames: { ask: Share; answer: FrameKinds; piece: FrameKinds | FrameChunk };
  frame: { ask: { pfn: number; users: boolean }; answer: Frame; piece: never };
  read: { ask: { place: Place; length: number }; answer: Bytes; piece: never };
  resolve: { ask: { text: string }; answer: Resolved; piece: never };
  translate: { ask: { place: Place }; answer: Translated; piece: never };
  struct: { ask: { type: string }; answer: TypeText; piece: never };
  value: { ask: { type: string; place: Place }; answer: TypeValue; piece: never };
  search: { ask: SearchQuery & Share; answer: SearchHits; piece: { addresses: bigint[] } };
  extract: { ask: ExtractQuery; answer: Extracted; piece: never };
}
export type Verb = keyof Requests;

// Page to worker. The first message brings the wasm.
export type ToWorker =
  | { type: 'start'; wasm: ArrayBuffer }
  | { type: 'ask'; id: number; verb: Verb; ask: unknown }
  | { type: 'cancel'; id: number };

// Worker to page.
export type FromWorker =
  | { type: 'ready' }
  | { type: 'progress'; id: number; progress: Progress }
  | { type: 'piece'; id: number; piece: unknown }
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'error'; id: number; trouble: Trouble; cancelled: boolean };
