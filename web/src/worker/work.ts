// How work shares the worker: in slices, between which messages are heard.
import type { Progress } from '../protocol';
import type { Wasm } from './wasm';

export const SLICE_MS = 24;

export class CancelledWork extends Error {}

// What is to be shown to people, with advice.
export class Failure extends Error {
  constructor(
    message: string,
    readonly advice?: string,
  ) {
    super(message);
  }
}

// Hands the thread to what waits: messages of the page above all.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

// One question of the page.
export class Work {
  cancelled = false;

  constructor(
    readonly wasm: Wasm,
    private readonly tellPiece: (piece: unknown, transfer: Transferable[]) => void,
    private readonly tellProgress: (progress: Progress) => void,
  ) {}

  // Between two slices. Throws when the page has cancelled.
  async pause(): Promise<void> {
    await turn();
    if (this.cancelled) throw new CancelledWork();
  }

  piece(piece: unknown, transfer: Transferable[] = []): void {
    this.tellPiece(piece, transfer);
  }

  progress(stage: string, done: number, total: number): void {
    this.wasm.onProgress = this.tellProgress;
    this.wasm.progress(stage, done, total);
  }

  // While a call into the wasm runs, its own progress is this question's.
  own(): void {
    this.wasm.onProgress = this.tellProgress;
  }
}

// At most n at a time; others wait their turn.
export class Gate {
  private readonly queue: (() => void)[] = [];
  constructor(private free: number) {}

  async run<T>(work: Work, use: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    try {
      if (work.cancelled) throw new CancelledWork();
      return await use();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free++;
    }
  }
}
