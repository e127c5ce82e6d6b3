// Bytes wherever they are: one pass over memory, or over the file as it is.
import type { SearchHits, SearchQuery, Share } from '../protocol';
import { SEARCH_HITS } from '../protocol';
import { query } from './rows';
import { lengthOf, type Range, shareOf } from './share';
import type { Wasm } from './wasm';
import { high, low, OK } from './wasm';
import type { Work } from './work';
import { Failure } from './work';

const PIECE = 4 << 20;
const PAGE = 4096n;
const MOST_NEEDLE = 4096;

async function ranges(work: Work, ask: SearchQuery): Promise<Range[]> {
  if (ask.space === 'f') return [{ start: 0n, end: BigInt(work.wasm.files[0]?.size ?? 0) }];
  const constraints = [{ column: 'state', op: '=' as const, value: 'file' }];
  const found: Range[] = [];
  for (let offset = 0; ; offset += 100_000) {
    const answer = await query(work, { table: 'segments', columns: ['start', 'end'], constraints, offset, limit: 100_000 });
    for (const [start, end] of answer.rows) {
      const last = found.at(-1);
      if (last && last.end === start) last.end = end as bigint;
      else found.push({ start: start as bigint, end: end as bigint });
    }
    if (answer.complete) return found;
  }
}

// Fills what can be read; what can't is left out of the search by pages.
function fill(wasm: Wasm, ask: SearchQuery, at: bigint, n: number, room: number): boolean {
  if (ask.space === 'f') {
    wasm.bytes(room, n).set(wasm.fileBytes(0, Number(at), n));
    return true;
  }
  return wasm.call.web_read_physical(low(at), high(at), room, n) === OK;
}

// Where this worker's hits begin: those that reach over its end are its own, too.
async function places(work: Work, ask: SearchQuery & Share): Promise<Range[]> {
  const from = ask.start ?? 0n;
  const all = (await ranges(work, ask))
    .filter((range) => range.end > from)
    .map(({ start, end }) => ({ start: start > from ? start : from, end }));
  return shareOf(all, ask, BigInt(PIECE), BigInt(ask.needle.length - 1));
}

export async function search(work: Work, ask: SearchQuery & Share): Promise<SearchHits> {
  const { wasm } = work;
  const { needle } = ask;
  if (!needle.length) throw new Failure('nothing to search for');
  if (needle.length > MOST_NEEDLE) throw new Failure(`at most ${String(MOST_NEEDLE)} bytes can be searched for`);
  const limit = ask.limit ?? SEARCH_HITS;
  const hits: bigint[] = [];
  const where = await places(work, ask);
  const total = Number(lengthOf(where));
  let done = 0;
  const room = wasm.call.web_room(PIECE);
  const kept = wasm.keep(needle);
  try {
    for (const range of where) {
      let page = 0n; // up to here it goes by single pages: some can't be read
      for (let at = range.start; at < range.end; ) {
        const most = at < page ? Number(PAGE - (at % PAGE)) : PIECE;
        const n = Number(range.end - at < BigInt(most) ? range.end - at : BigInt(most));
        const filled = fill(wasm, ask, at, n, room);
        if (!filled && n > Number(PAGE)) {
          page = at + BigInt(n);
          continue;
        }
        if (filled) {
          wasm.call.web_find(room, n, kept, needle.length, limit - hits.length);
          const out = wasm.out().slice();
          const offsets = [...new Uint32Array(out.buffer)].map((offset) => at + BigInt(offset));
          if (offsets.length) {
            hits.push(...offsets);
            work.piece({ addresses: offsets });
          }
          if (hits.length >= limit) return { addresses: hits, complete: false };
        }
        // The next piece begins so that what lies across the border is seen.
        const overlap = filled && at + BigInt(n) < range.end && n > needle.length ? needle.length - 1 : 0;
        at += BigInt(n - overlap);
        done += n - overlap;
        work.progress('search', done, total);
        await work.pause();
      }
    }
    return { addresses: hits, complete: true };
  } finally {
    wasm.call.web_free(room);
    wasm.call.web_free(kept);
  }
}
