// Frames: the memory map, and one of them.
import type { ByteState, Cell, Frame, FrameKinds, FrameRun, FrameUser, Share } from '../protocol';
import { query } from './rows';
import { lengthOf, type Range, shareOf } from './share';
import type { Wasm } from './wasm';
import { high, low, OK } from './wasm';
import type { Work } from './work';
import { CancelledWork, Failure, Gate } from './work';

const CHUNK = 1 << 16; // frames
const MOST = 2n ** 28n; // frames that the map takes: 1 TiB of memory
const USERS = 1000; // shown of one frame
const passes = new Gate(1);

export function frames(work: Work, share: Share): Promise<FrameKinds> {
  return passes.run(work, () => pass(work, share));
}

function runs(wasm: Wasm): Range[] {
  const status = wasm.call.web_frame_runs();
  if (status !== OK) throw new Failure(`segments: ${wasm.status(status)}`);
  const bytes = wasm.out().slice();
  const numbers = new BigUint64Array(bytes.buffer);
  const found: Range[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) found.push({ start: numbers[i]!, end: numbers[i + 1]! });
  return found;
}

function names(wasm: Wasm): string[] {
  wasm.call.web_frame_kinds();
  return wasm.outText().split('\n').slice(0, -1);
}

const asFrames = ({ start, end }: Range): FrameRun => ({ start: Number(start), end: Number(end) });

async function pass(work: Work, share: Share): Promise<FrameKinds> {
  const { wasm } = work;
  const all = runs(wasm);
  if (lengthOf(all) > MOST) throw new Failure('this dump says that it has more memory than a map can show: 1 TiB');
  const kinds: FrameKinds = { names: names(wasm), runs: all.map(asFrames), pageBytes: wasm.call.web_page_bytes() };
  work.piece(kinds);
  const mine = shareOf(all, share, BigInt(CHUNK));
  const total = Number(lengthOf(mine));
  const first = mine[0]?.start ?? 0n;
  const status = wasm.call.web_frames_open(low(first), high(first));
  if (status !== OK) throw new Failure(`pages: ${wasm.status(status)}`);
  let done = 0;
  for (const run of mine.map(asFrames)) {
    for (let pfn = run.start; pfn < run.end; pfn += CHUNK) {
      const n = Math.min(CHUNK, run.end - pfn);
      if (wasm.call.web_frames_next(low(BigInt(pfn)), high(BigInt(pfn)), n) !== OK) throw new CancelledWork();
      const chunk = wasm.out().slice();
      work.piece({ startPfn: pfn, kinds: chunk }, [chunk.buffer]);
      done += n;
      work.progress('frames', done, total);
      await work.pause();
    }
  }
  return kinds;
}

export function physicalState(wasm: Wasm, address: bigint): { state: ByteState; offset: bigint } {
  wasm.call.web_physical_state(low(address), high(address));
  const found = wasm.outJson() as { state: string; offset: string };
  const state = found.state === 'file' ? 'present' : (found.state as ByteState);
  return { state, offset: BigInt(found.offset) };
}

export async function frame(work: Work, ask: { pfn: number; users: boolean }): Promise<Frame> {
  const { wasm } = work;
  const pfn = BigInt(ask.pfn);
  const physical = pfn * BigInt(wasm.call.web_page_bytes());
  const { state, offset } = physicalState(wasm, physical);
  const constraints = [{ column: 'pfn', op: '=' as const, value: pfn }];
  const answer = await query(work, { table: 'pages', constraints, limit: 1 });
  const row = answer.rows[0];
  const users: FrameUser[] = [];
  let usersComplete = !ask.users;
  if (ask.users) {
    const found = await query(work, { table: 'page_users', columns: ['tgid', 'comm', 'address'], constraints, limit: USERS });
    for (const [tgid, comm, address] of found.rows)
      users.push({ tgid: tgid as bigint, comm: comm as Cell, address: address as bigint });
    usersComplete = found.complete && !found.partial;
  }
  return {
    pfn: ask.pfn,
    physical,
    state,
    fileOffset: state === 'present' ? offset : null,
    page: row ? Object.fromEntries(answer.columns.map((column, i) => [column.name, row[i] as Cell])) : null,
    users,
    usersComplete,
  };
}
