// The dump, as the page sees it: promises over workers.
//
// One worker answers questions; what must see all of memory is done by another,
// and of a large dump by two that share it, so that a long pass does not keep a
// grid waiting. A worker that does not heed a cancellation is ended and another
// one takes its place; what else it had to answer is asked again.
import type {
  Bytes,
  Extracted,
  ExtractQuery,
  Frame,
  FrameChunk,
  FrameKinds,
  FromWorker,
  Opened,
  OpenOptions,
  Place,
  Progress,
  Query,
  Requests,
  Resolved,
  Rows,
  SearchHits,
  SearchQuery,
  Share,
  SqlQuery,
  SqlRows,
  ToWorker,
  Translated,
  Trouble,
  TypeText,
  TypeValue,
  Verb,
} from './protocol';
import { SEARCH_HITS } from './protocol';

// What every call may be given.
export interface CallOptions {
  signal?: AbortSignal; // cancels: the promise is then rejected with Cancelled
  progress?: (progress: Progress) => void;
}

// What went wrong with the dump, for people.
export class DumpError extends Error {
  readonly advice: string | undefined;
  constructor(trouble: Trouble) {
    super(trouble.message);
    this.name = 'DumpError';
    this.advice = trouble.advice;
  }
}

export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

// How a worker comes into being: assets.ts says it for the page.
export interface WorkerAssets {
  spawn: () => Worker;
  wasm: () => Promise<ArrayBuffer>;
}

const PATIENCE_MS = 300; // for a cancellation to be heeded
// From this size on, passes are shared: below, they take a second or two, and
// what a further worker keeps in memory would be the larger cost.
const LARGE_BYTES = 2 ** 30;

interface Call {
  verb: Verb;
  ask: unknown;
  piece: ((piece: unknown) => void) | undefined;
  progress: ((progress: Progress) => void) | undefined;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

// One worker, the calls it has yet to answer, and the dump it is to have open.
class Hand {
  private worker: Worker | undefined;
  private calls = new Map<number, Call>();
  private lastId = 0;
  private opening: Requests['open']['ask'] | undefined;

  constructor(private readonly assets: WorkerAssets) {}

  // All other calls are of this dump from now on.
  open(ask: Requests['open']['ask'], options: CallOptions): Promise<Opened> {
    this.end(new Cancelled());
    this.opening = ask;
    return this.send('open', ask, options) as Promise<Opened>;
  }

  // The dump that is asked about without another word to the page.
  follow(ask: Requests['open']['ask']): void {
    this.end(new Cancelled());
    this.opening = ask;
  }

  call<V extends Verb>(
    verb: V,
    ask: Requests[V]['ask'],
    options: CallOptions,
    piece?: (piece: Requests[V]['piece']) => void,
  ): Promise<Requests[V]['answer']> {
    if (!this.worker && this.opening) this.reopen();
    return this.send(verb, ask, options, piece as ((piece: unknown) => void) | undefined);
  }

  end(error: Error): void {
    this.worker?.terminate();
    this.worker = undefined;
    const calls = [...this.calls.values()];
    this.calls.clear();
    for (const call of calls) call.reject(error);
  }

  private send(
    verb: Verb,
    ask: unknown,
    options: CallOptions,
    piece?: (piece: unknown) => void,
  ): Promise<never> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) {
        reject(new Cancelled());
        return;
      }
      const id = ++this.lastId;
      const call: Call = { verb, ask, piece, progress: options.progress, resolve: resolve as (answer: unknown) => void, reject };
      this.calls.set(id, call);
      options.signal?.addEventListener('abort', () => this.cancel(id), { once: true });
      this.post({ type: 'ask', id, verb, ask });
    });
  }

  private post(message: ToWorker): void {
    this.worker ??= this.start();
    this.worker.postMessage(message);
  }

  private start(): Worker {
    const worker = this.assets.spawn();
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      if (worker === this.worker) this.heard(event.data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.worker) this.end(new DumpError({ message: `the reader of the dump stopped: ${event.message}` }));
    };
    // Messages wait in the worker until the wasm is there.
    void this.assets.wasm().then((wasm) => worker.postMessage({ type: 'start', wasm } satisfies ToWorker));
    return worker;
  }

  private heard(message: FromWorker): void {
    if (message.type === 'ready') return;
    const call = this.calls.get(message.id);
    if (!call) return;
    switch (message.type) {
      case 'progress':
        call.progress?.(message.progress);
        return;
      case 'piece':
        call.piece?.(message.piece);
        return;
      case 'answer':
        this.calls.delete(message.id);
        call.resolve(message.answer);
        return;
      case 'error':
        this.calls.delete(message.id);
        call.reject(message.cancelled ? new Cancelled() : new DumpError(message.trouble));
    }
  }

  private cancel(id: number): void {
    const call = this.calls.get(id);
    if (!call) return;
    this.worker?.postMessage({ type: 'cancel', id } satisfies ToWorker);
    setTimeout(() => {
      if (this.calls.get(id) === call) this.replace(id);
    }, PATIENCE_MS);
  }

  // The worker is busy and hears nothing.
  private replace(cancelled: number): void {
    const rest = [...this.calls].filter(([id]) => id !== cancelled);
    const call = this.calls.get(cancelled);
    this.worker?.terminate();
    this.worker = undefined;
    this.calls = new Map(rest);
    call?.reject(new Cancelled());
    if (!rest.length) return;
    if (!rest.some(([, other]) => other.verb === 'open')) this.reopen();
    for (const [id, other] of rest) this.post({ type: 'ask', id, verb: other.verb, ask: other.ask });
  }

  private reopen(): void {
    if (this.opening) this.send('open', this.opening, {}).catch(() => undefined);
  }
}

// The progress of a whole from that of its parts.
class Parts {
  private readonly parts: (Progress | undefined)[];

  constructor(
    n: number,
    private readonly report: (progress: Progress) => void,
  ) {
    this.parts = Array.from({ length: n }, () => undefined);
  }

  heard(part: number, progress: Progress): void {
    this.parts[part] = progress;
    const known = this.parts.filter((p) => p !== undefined);
    const sum = (of: (p: Progress) => number) => known.reduce((n, p) => n + of(p), 0);
    const left = known.map((p) => p.secondsLeft).filter((seconds) => seconds !== undefined);
    this.report({
      stage: progress.stage,
      done: sum((p) => p.done),
      total: known.length === this.parts.length ? sum((p) => p.total) : 0,
      bytesPerSecond: sum((p) => p.bytesPerSecond),
      ...(left.length && { secondsLeft: Math.max(...left) }),
    });
  }
}

export class Client {
  private readonly asking: Hand;
  private readonly passing: Hand[];
  private parts = 1; // workers that share a pass over this dump

  constructor(assets: WorkerAssets) {
    this.asking = new Hand(assets);
    this.passing = [new Hand(assets), new Hand(assets)];
  }

  // A pass by all who share it: their answers in order. When one fails, or all
  // are cancelled, so are the others.
  private async pass<T>(options: CallOptions, use: (hand: Hand, share: Share, options: CallOptions) => Promise<T>): Promise<T[]> {
    const hands = this.passing.slice(0, this.parts);
    const failed = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
    const parts = options.progress && new Parts(hands.length, options.progress);
    try {
      return await Promise.all(
        hands.map((hand, part) =>
          use(hand, { part, parts: hands.length }, { signal, ...(parts && { progress: (p) => parts.heard(part, p) }) }),
        ),
      );
    } catch (error) {
      failed.abort();
      throw error;
    }
  }

  // Opens a dump (its parts, where it is split) in place of the one before.
  // Rejected when it can't be opened; resolved without attached when it could,
  // but no kernel was found in it.
  async open(files: Blob | Blob[], options: OpenOptions & CallOptions = {}): Promise<Opened> {
    const { signal, progress, ...rest } = options;
    const ask = { files: Array.isArray(files) ? files : [files], options: rest };
    this.parts = ask.files.reduce((sum, file) => sum + file.size, 0) < LARGE_BYTES ? 1 : this.passing.length;
    for (const hand of this.passing) hand.follow(ask);
    return this.asking.open(ask, { ...(signal && { signal }), ...(progress && { progress }) });
  }

  // Ends the workers: all that is unanswered is rejected with Cancelled.
  close(): void {
    for (const hand of [this.asking, ...this.passing]) hand.end(new Cancelled());
  }

  query(query: Query, options: CallOptions = {}): Promise<Rows> {
    return this.asking.call('query', query, options);
  }

  sql(query: SqlQuery, options: CallOptions = {}): Promise<SqlRows> {
    return this.asking.call('sql', query, options);
  }

  // What each frame is used for. kinds comes first, then chunks.
  async frames(
    on: { kinds?: (kinds: FrameKinds) => void; chunk: (chunk: FrameChunk) => void },
    options: CallOptions = {},
  ): Promise<FrameKinds> {
    let begun = false;
    const heard = (piece: FrameKinds | FrameChunk) => {
      if (!('runs' in piece)) on.chunk(piece);
      else if (!begun) {
        begun = true;
        on.kinds?.(piece); // all workers say the same
      }
    };
    const [kinds] = await this.pass(options, (hand, share, each) => hand.call('frames', share, each, heard));
    return kinds!;
  }

  // One frame. Without users it takes well under a millisecond; users walk the
  // page tables of processes, and may take some hundred milliseconds.
  frame(pfn: number, users: boolean, options: CallOptions = {}): Promise<Frame> {
    return this.asking.call('frame', { pfn, users }, options);
  }

  // At most 1 MiB.
  read(place: Place, length: number, options: CallOptions = {}): Promise<Bytes> {
    return this.asking.call('read', { place, length }, options);
  }

  // What the address bar takes: p:ADDRESS, v:ADDRESS, v:PID:ADDRESS, f:OFFSET;
  // ADDRESS is 0x hex, decimal or a symbol, joined by + and -.
  resolve(text: string, options: CallOptions = {}): Promise<Resolved> {
    return this.asking.call('resolve', { text }, options);
  }

  translate(place: Place, options: CallOptions = {}): Promise<Translated> {
    return this.asking.call('translate', { place }, options);
  }

  // type: task_struct, "union thread_union", task_struct.se, xfs:xfs_inode, #96.
  struct(type: string, options: CallOptions = {}): Promise<TypeText> {
    return this.asking.call('struct', { type }, options);
  }

  value(type: string, place: Place, options: CallOptions = {}): Promise<TypeValue> {
    return this.asking.call('value', { type, place }, options);
  }

  // hits come as they are found; the answer has the first ones, in order.
  async search(
    query: SearchQuery,
    hits?: (addresses: bigint[]) => void,
    options: CallOptions = {},
  ): Promise<SearchHits> {
    const limit = query.limit ?? SEARCH_HITS;
    const answers = await this.pass(options, (hand, share, each) =>
      hand.call('search', { ...query, ...share, limit }, each, (piece) => hits?.(piece.addresses)),
    );
    const addresses = answers.flatMap((answer) => answer.addresses);
    return {
      addresses: addresses.slice(0, limit),
      complete: addresses.length <= limit && answers.every((answer) => answer.complete),
    };
  }

  extract(query: ExtractQuery, options: CallOptions = {}): Promise<Extracted> {
    return this.asking.call('extract', query, options);
  }
}
