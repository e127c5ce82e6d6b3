// Frames: the memory map, and one of them.
import type { ByteState, Cell, Frame, FrameKinds, FrameRun, FrameUser } from '../protocol';
import { query } from './rows';
import type { Wasm } from './wasm';
import { high, low, OK } from './wasm';
import type { Work } from './work';
import { CancelledWork, Failure, Gate } from './work';

const CHUNK = 1 << 16; // frames
const MOST = 2 ** 28; // frames that the map takes: 1 TiB of memory
const USERS = 1000; // shown of one frame
const passes = new Gate(1);

export function frames(work: Work): Promise<FrameKinds> {
  return passes.run(work, () => pass(work));
}

function runs(wasm: Wasm): FrameRun[] {
  const status = wasm.call.web_frame_runs();
  if (status !== OK) throw new Failure(`segments: ${wasm.status(status)}`);
  const bytes = wasm.out().slice();
  const numbers = new BigUint64Array(bytes.buffer);
  const found: FrameRun[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) found.push({ start: Number(numbers[i]), end: Number(numbers[i + 1]) });
  return found;
}

async function pass(work: Work): Promise<FrameKinds> {
  const { wasm } = work;
  const kinds: FrameKinds = { names: ['absent', 'unreadable'], runs: runs(wasm), pageBytes: wasm.call.web_page_bytes() };
  const total = kinds.runs.reduce((sum, run) => sum + run.end - run.start, 0);
  if (total > MOST) throw new Failure('this dump says that it has more memory than a map can show: 1 TiB');
  work.piece(kinds);
  const status = wasm.call.web_frames_open();
  if (status !== OK) throw new Failure(`pages: ${wasm.status(status)}`);
  let done = 0;
  for (const run of kinds.runs) {
    for (let pfn = run.start; pfn < run.end; pfn += CHUNK) {
      const n = Math.min(CHUNK, run.end - pfn);
      if (wasm.call.web_frames_next(low(BigInt(pfn)), high(BigInt(pfn)), n) !== OK) throw new CancelledWork();
      const chunk = wasm.out().slice();
      wasm.call.web_frame_kinds();
      const names = ['absent', 'unreadable', ...wasm.outText().split('\n').slice(0, -1)];
      if (names.length !== kinds.names.length) {
        kinds.names = names;
        work.piece(kinds);
      }
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
