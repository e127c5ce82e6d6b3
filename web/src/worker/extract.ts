// A cached file, from its pages in memory.
import type { Constraint, Extracted, ExtractQuery } from '../protocol';
import { query } from './rows';
import type { Wasm } from './wasm';
import { high, low, OK } from './wasm';
import type { Work } from './work';
import { Failure } from './work';

const MOST_BYTES = 16n << 30n; // of one file, holes included
const ZEROS = 1 << 20;
const WINDOW = 4096; // pages of one question

interface Inode {
  address: bigint;
  device: string;
  inode: bigint;
  bytes: bigint;
  path: string;
}

async function find(work: Work, ask: ExtractQuery): Promise<Inode> {
  const constraints: Constraint[] = [];
  if (ask.inodeAddress !== undefined) constraints.push({ column: 'address', op: '=', value: ask.inodeAddress });
  if (ask.device !== undefined) constraints.push({ column: 'device', op: '=', value: ask.device });
  if (ask.inode !== undefined) constraints.push({ column: 'inode', op: '=', value: ask.inode });
  if (ask.path !== undefined) constraints.push({ column: 'path', op: '=', value: ask.path });
  if (!constraints.length) throw new Failure('which file?');
  const columns = ['address', 'device', 'inode', 'bytes', 'path', 'cached_pages'];
  const { rows } = await query(work, { table: 'inodes', columns, constraints, limit: 1000 });
  const row = rows.find((cells) => typeof cells[5] === 'bigint' && cells[5] > 0n) ?? rows[0];
  if (!row) throw new Failure('no such file is in this dump', 'see inodes');
  const [address, device, inode, bytes, path] = row;
  if (typeof address !== 'bigint' || typeof device !== 'string' || typeof inode !== 'bigint' || typeof bytes !== 'bigint')
    throw new Failure('what the kernel knows of this file cannot be read');
  if (bytes < 0n || bytes > MOST_BYTES) throw new Failure(`the file says that it has ${String(bytes)} bytes`, 'the program can extract it');
  return { address, device, inode, bytes, path: typeof path === 'string' ? path : '' };
}

// The last component, of characters that mean nothing to any system.
export function safeName(path: string): string {
  const last = path.replace(/ \(deleted\)$/, '').split('/').at(-1) ?? '';
  const plain = last.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^[.-]+/, '_').slice(0, 100);
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain) || !plain ? `file_${plain}` : plain;
}

// A blob of so many zeros, made of one.
function zeros(n: bigint, one: Blob): Blob[] {
  const parts: Blob[] = [];
  for (let left = n; left > 0n; left -= BigInt(ZEROS))
    parts.push(left >= BigInt(ZEROS) ? one : one.slice(0, Number(left)));
  return parts;
}

function page(wasm: Wasm, physical: bigint, room: number, n: number): Uint8Array<ArrayBuffer> | null {
  if (wasm.call.web_read_physical(low(physical), high(physical), room, n) !== OK) return null;
  return wasm.bytes(room, n).slice();
}

export async function extract(work: Work, ask: ExtractQuery): Promise<Extracted> {
  const { wasm } = work;
  const file = await find(work, ask);
  const pageBytes = wasm.call.web_page_bytes();
  const parts: BlobPart[] = [];
  const missing: Extracted['missing'] = [];
  const hole = new Blob([new Uint8Array(ZEROS)]);
  const room = wasm.call.web_room(pageBytes);
  let next = 0n; // the first byte not yet accounted for
  const skip = (to: bigint): void => {
    if (to <= next) return;
    missing.push({ start: next, end: to });
    parts.push(...zeros(to - next, hole));
    next = to;
  };
  try {
    const constraints: Constraint[] = [
      { column: 'device', op: '=', value: file.device },
      { column: 'inode', op: '=', value: file.inode },
    ];
    const columns = ['physical', 'file_offset', 'uptodate', 'inode_address'];
    for (let offset = 0; ; offset += WINDOW) {
      const answer = await query(work, { table: 'page_cache', columns, constraints, offset, limit: WINDOW });
      for (const [physical, at, uptodate, inode] of answer.rows) {
        if (inode !== file.address || uptodate !== true || typeof physical !== 'bigint' || typeof at !== 'bigint') continue;
        if (at < next || at >= file.bytes) continue;
        const left = file.bytes - at;
        const bytes = page(wasm, physical, room, pageBytes);
        if (!bytes) continue;
        skip(at);
        parts.push(left < BigInt(pageBytes) ? bytes.slice(0, Number(left)) : bytes);
        next = at + (left < BigInt(pageBytes) ? left : BigInt(pageBytes));
      }
      work.progress('extract', Number(next), Number(file.bytes));
      if (answer.complete) break;
      await work.pause();
    }
  } finally {
    wasm.call.web_free(room);
  }
  skip(file.bytes);
  return { blob: new Blob(parts, { type: 'application/octet-stream' }), name: safeName(file.path), bytes: file.bytes, missing };
}
