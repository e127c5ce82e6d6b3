// The wasm: its memory, its calls, and the file that it reads.
import type { Diagnostic, Progress } from '../protocol';

// The exports of frontends/wasm. 64-bit values are two halves: low, high.
interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  web_room(n: number): number;
  web_free(p: number): void;
  web_out(): number;
  web_out_length(): number;
  web_file(i: number, low: number, high: number): void;
  web_btf(p: number, n: number): void;
  web_symbols(p: number, n: number): void;
  web_root(low: number, high: number): void;
  web_open(n: number): number;
  web_attach(): number;
  web_page_bytes(): number;
  web_container(): void;
  web_diagnostics(): void;
  web_statuses(): void;
  web_tables(): void;
  web_rows_open(text: number, n: number, low: number, high: number, handle: number): number;
  web_rows_next(handle: number, skip: number, most: number, ms: number): number;
  web_rows_partial(handle: number): number;
  web_rows_close(handle: number): void;
  web_sql_open(text: number, n: number): number;
  web_sql_bind_text(i: number, text: number, n: number): number;
  web_sql_bind_integer(i: number, low: number, high: number): number;
  web_sql_next(most: number, ms: number): number;
  web_sql_close(): void;
  web_frame_runs(): number;
  web_frames_open(low: number, high: number): number;
  web_frames_next(low: number, high: number, n: number): number;
  web_frame_kinds(): void;
  web_place(text: number, n: number): number;
  web_read(kind: number, pidLow: number, pidHigh: number, low: number, high: number, n: number): number;
  web_read_physical(low: number, high: number, dst: number, n: number): number;
  web_physical_state(low: number, high: number): void;
  web_translate(kind: number, pidLow: number, pidHigh: number, low: number, high: number): number;
  web_struct(text: number, n: number): number;
  web_value(
    text: number,
    n: number,
    kind: number,
    pidLow: number,
    pidHigh: number,
    low: number,
    high: number,
  ): number;
  web_find(p: number, n: number, needle: number, needleN: number, most: number): void;
}

// Numbers of enum kl_status that the worker asks for by name.
export const OK = 0;
export const END = 1;
export const ABSENT = 2;
export const FILTERED = 3;
export const UNMAPPED = 4;
export const NOT_FOUND = 8;
export const LIMIT = 9;
export const NO_MEMORY = 12;
export const ARGUMENT = 13;
export const CANCELLED = 14;

export const low = (v: bigint): number => Number(v & 0xffffffffn);
export const high = (v: bigint): number => Number((v >> 32n) & 0xffffffffn);

const MOST_AT_ONCE = 16 << 20; // bytes of one read of the file

export class Wasm {
  readonly call: Exports;
  files: Blob[] = [];
  bytesRead = 0; // of the files, from the beginning
  readError = ''; // of the last read that failed
  onProgress: ((progress: Progress) => void) | undefined;
  private readonly reader = new FileReaderSync();
  private readonly text = new TextDecoder();
  private statuses: string[] = [];

  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, {
      kernlens: {
        read: (file: number, lo: number, hi: number, dst: number, n: number) => this.read(file, lo, hi, dst, n >>> 0),
        now: () => performance.now(),
        progress: (stage: number, done: number, total: number) => this.progress(this.cString(stage), done, total),
      },
      // SQLite's clock is our own; that of a statement's time limit, which is not used here.
      wasi_snapshot_preview1: { clock_time_get: () => 52 },
      env: { emscripten_notify_memory_growth: () => undefined },
    });
    this.call = instance.exports as unknown as Exports;
    this.call._initialize();
    this.call.web_statuses();
    this.statuses = this.outJson() as string[];
  }

  // ── The file ─────────────────────────────────────────────────────────────

  private read(file: number, lo: number, hi: number, dst: number, n: number): number {
    let offset = (hi >>> 0) * 2 ** 32 + (lo >>> 0); // below 2^53: a file is
    try {
      for (let left = n; left > 0; ) {
        const part = Math.min(left, MOST_AT_ONCE);
        const bytes = this.fileBytes(file, offset, part);
        new Uint8Array(this.call.memory.buffer, (dst >>> 0) + n - left, part).set(bytes);
        offset += part;
        left -= part;
      }
    } catch (error) {
      this.readError = error instanceof Error ? error.message : String(error);
      return 5;
    }
    return 0;
  }

  // [offset, offset + n) of a part of the dump; throws when it is not there.
  fileBytes(file: number, offset: number, n: number): Uint8Array<ArrayBuffer> {
    const part = this.files[file];
    if (!part) throw new Error('no such file');
    const bytes = new Uint8Array(this.reader.readAsArrayBuffer(part.slice(offset, offset + n)));
    if (bytes.length !== n) throw new Error('the file is shorter than it was');
    this.bytesRead += n;
    return bytes;
  }

  // ── Progress ─────────────────────────────────────────────────────────────

  private last = { at: 0, bytes: 0, rate: 0, stage: '', began: 0, first: 0 };

  progress(stage: string, done: number, total: number): void {
    const now = performance.now();
    if (stage !== this.last.stage) {
      this.last = { at: now, bytes: this.bytesRead, rate: 0, stage, began: now, first: done };
    } else if (now - this.last.at > 250) {
      this.last.rate = ((this.bytesRead - this.last.bytes) * 1000) / (now - this.last.at);
      this.last.at = now;
      this.last.bytes = this.bytesRead;
    }
    const progress: Progress = { stage, done, total, bytesPerSecond: this.last.rate };
    const speed = (done - this.last.first) / (now - this.last.began); // per ms
    if (total > done && speed > 0) progress.secondsLeft = (total - done) / speed / 1000;
    this.onProgress?.(progress);
  }

  // ── Memory ───────────────────────────────────────────────────────────────

  bytes(p: number, n: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.call.memory.buffer as ArrayBuffer, p >>> 0, n);
  }

  // Room for the wasm to keep, filled.
  keep(bytes: Uint8Array): number {
    const p = this.call.web_room(bytes.length);
    if (!p) throw new Error('out of memory');
    this.bytes(p, bytes.length).set(bytes);
    return p;
  }

  // Calls with text (UTF-8) as pointer and length.
  withText<T>(text: string, use: (p: number, n: number) => T): T {
    const bytes = new TextEncoder().encode(text);
    const p = this.keep(bytes);
    try {
      return use(p, bytes.length);
    } finally {
      this.call.web_free(p);
    }
  }

  u32(p: number): number {
    return new DataView(this.call.memory.buffer).getUint32(p >>> 0, true);
  }

  private cString(p: number): string {
    const memory = new Uint8Array(this.call.memory.buffer);
    let end = p >>> 0;
    while (memory[end]) end++;
    return this.text.decode(memory.subarray(p >>> 0, end));
  }

  // ── The answer of the last call ──────────────────────────────────────────

  // Lies in the wasm: good until the next call.
  out(): Uint8Array<ArrayBuffer> {
    const n = this.call.web_out_length();
    if (n >>> 0 === 0xffffffff) throw new Error('the answer is too large for the memory of this page');
    return this.bytes(this.call.web_out(), n);
  }

  outText(): string {
    return this.text.decode(this.out());
  }

  outJson(): unknown {
    return JSON.parse(this.outText());
  }

  status(status: number): string {
    return this.statuses[status] ?? 'unknown';
  }

  diagnostics(): Diagnostic[] {
    this.call.web_diagnostics();
    return (this.outJson() as JsonDiagnostic[]).map((d) => ({
      subject: d.subject,
      what: d.what,
      object: BigInt(d.object),
      reason: this.status(d.status),
      count: BigInt(d.count),
    }));
  }
}

export interface JsonDiagnostic {
  subject: string;
  what: string;
  object: string;
  status: number;
  count: string;
}
