// A value of the guest as JSON, shown as a tree with its numbers exact.
import { type Exact, ExactNumber, shortExact } from '../lib/exact_json';
import { Guest } from './guest';

const MOST = 500; // items shown of one list

export function ExactTree({ value, depth = 0 }: { value: Exact; depth?: number }) {
  if (value === null) return <span class="null">–</span>;
  if (value instanceof ExactNumber) return <span class="json-number">{value.text}</span>;
  if (typeof value === 'boolean') return <>{String(value)}</>;
  if (typeof value === 'string')
    return /^0x[0-9a-f]+$/.test(value) ? <code>{value}</code> : <span class="json-text">“<Guest text={value} max={2000} />”</span>;
  const entries: [string, Exact][] = Array.isArray(value) ? value.map((item, i) => [String(i), item]) : [...value];
  const flat = shortExact(value, 90);
  if (entries.length === 0 || flat.length < 80) return <span class="json-flat"><Guest text={flat} max={400} /></span>;
  const list = (
    <ul class="json">
      {entries.slice(0, MOST).map(([key, item], i) => (
        <li key={i}><span class="json-key"><Guest text={key} max={60} /></span> <ExactTree value={item} depth={depth + 1} /></li>
      ))}
      {entries.length > MOST && <li class="soft">and {entries.length - MOST} more</li>}
    </ul>
  );
  if (depth < 1) return list;
  return (
    <details>
      <summary><Guest text={shortExact(value, 60)} max={80} /></summary>
      {list}
    </details>
  );
}
