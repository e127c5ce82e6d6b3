// The worker: one dump, and what the page asks of it.
import type { FromWorker, Requests, ToWorker, Verb } from '../protocol';
import { extract } from './extract';
import { frame, frames } from './frames';
import { read, resolve, struct, translate, value } from './inspect';
import { open } from './open';
import { query, sql } from './rows';
import { search } from './search';
import { Wasm } from './wasm';
import { CancelledWork, Failure, Work } from './work';

type Handlers = { [V in Verb]: (work: Work, ask: Requests[V]['ask']) => Requests[V]['answer'] | Promise<Requests[V]['answer']> };

const handlers: Handlers = { open, query, sql, frames, frame, read, resolve, translate, struct, value, search, extract };

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

let begin: (wasm: Wasm) => void;
const started = new Promise<Wasm>((resolve) => (begin = resolve));
let opened: Promise<unknown> = started; // questions wait for the dump
const works = new Map<number, Work>();
const cancelledEarly = new Set<number>();

function handle<V extends Verb>(verb: V, work: Work, ask: unknown): Requests[V]['answer'] | Promise<Requests[V]['answer']> {
  return handlers[verb](work, ask as Requests[V]['ask']);
}

async function answer(id: number, verb: Verb, ask: unknown): Promise<void> {
  try {
    const wasm = await started;
    const work = new Work(
      wasm,
      (piece, transfer) => post({ type: 'piece', id, piece }, transfer),
      (progress) => post({ type: 'progress', id, progress }),
    );
    works.set(id, work);
    if (verb === 'open') opened = handleOpen(id, work, ask);
    else {
      await opened;
      if (cancelledEarly.delete(id)) throw new CancelledWork();
      post({ type: 'answer', id, answer: await handle(verb, work, ask) });
    }
  } catch (error) {
    fail(id, error);
  } finally {
    if (verb !== 'open') works.delete(id);
  }
}

// What waits for the dump goes on also when it could not be opened: it then fails by itself.
async function handleOpen(id: number, work: Work, ask: unknown): Promise<void> {
  try {
    post({ type: 'answer', id, answer: await handle('open', work, ask) });
  } catch (error) {
    fail(id, error);
  } finally {
    works.delete(id);
  }
}

function fail(id: number, error: unknown): void {
  const cancelled = error instanceof CancelledWork;
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof Failure ? error.advice : undefined;
  // The wasm itself broke: nothing more can be asked of it.
  const broken = error instanceof WebAssembly.RuntimeError;
  post({
    type: 'error',
    id,
    cancelled,
    trouble: { message: broken ? `internal error (${message}): please report it` : message, ...(advice && { advice }) },
  });
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  switch (message.type) {
    case 'start':
      // Compiled here, so that the page draws meanwhile.
      void WebAssembly.compile(message.wasm).then((module) => {
        begin(new Wasm(module));
        post({ type: 'ready' });
      });
      return;
    case 'ask':
      void answer(message.id, message.verb, message.ask);
      return;
    case 'cancel': {
      const work = works.get(message.id);
      if (work) work.cancelled = true;
      else cancelledEarly.add(message.id);
    }
  }
};
