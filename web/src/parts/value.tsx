// A cell as it is shown: by the kind of its column, with links where the value
// names something that the page has a view of.
import { bytesHex, type Cell, cellText, isUnreadable } from '../lib/cell';
import { countText, timeText } from '../lib/format';
import { Guest } from './guest';

export interface Shown {
  name: string;
  kind: string;
}

const PLAIN = new Set(['pid', 'tgid', 'ppid', 'id', 'pfn', 'inode', 'uid', 'gid', 'euid', 'cpu', 'map_id', 'program_id',
  'type_id', 'btf_id', 'member_type_id', 'refers_to', 'fd', 'facility', 'level', 'sequence', 'local_port', 'remote_port',
  'namespace', 'parent_id', 'mode', 'flags', 'index', 'swap_type', 'swap_offset', 'priority', 'order', 'value']);

export function isNumeric(kind: string): boolean {
  return kind === 'u64' || kind === 'i64' || kind === 'duration';
}

export function Value({ cell, column }: { cell: Cell | undefined; column: Shown }) {
  if (cell === null || cell === undefined) return <span class="null" aria-label="none">–</span>;
  if (isUnreadable(cell))
    return (
      <span class="gap" title={cell.unreadable}>
        unreadable
      </span>
    );
  if (cell instanceof Uint8Array) return <code>{bytesHex(cell.subarray(0, 64)) + (cell.length > 64 ? '…' : '')}</code>;
  if (typeof cell === 'boolean') return <>{cell ? 'yes' : 'no'}</>;
  if (column.kind === 'address') return <code class="address">{cellText(cell, 'address')}</code>;
  if (typeof cell === 'bigint') {
    if (column.kind === 'time') return <>{timeText(Number(cell))}</>;
    return <>{PLAIN.has(column.name) ? cell.toString() : countText(cell)}</>;
  }
  if (typeof cell === 'number') return <>{String(cell)}</>;
  return <Guest text={cell} />;
}
