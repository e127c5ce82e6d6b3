// One BPF map: its entries, of per-CPU maps the CPUs side by side, records of
// ring buffers, pages of arenas.
import { useMemo, useState } from 'preact/hooks';

import { adjust, asked, client, note, rowsOnce } from '../app/state';
import { bytesHex, type Cell, cellText, textOf } from '../lib/cell';
import { type Exact, parseExactCell } from '../lib/exact_json';
import { countText, plural } from '../lib/format';
import { Answered, Empty, Fact, Facts, Problem } from '../parts/basics';
import { ExactTree } from '../parts/exact';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import { Value } from '../parts/value';
import { ascii } from '../map/frame';
import type { Column, Rows } from '../protocol';

const MOST = 20000; // entries

export function MapDetail({ id }: { id: string }) {
  const maps = rowsOnce('bpf_maps');
  return (
    <section class="detail" data-testid="bpf-map" aria-label={`BPF map ${id}`}>
      <Answered of={maps} what="Walking BPF objects">
        {(answer) => {
          const at = answer.columns.findIndex((column) => column.name === 'id');
          const row = answer.rows.find((one) => String(one[at]) === id);
          if (!row) return <Problem trouble={{ message: `There is no BPF map ${id} in this dump.`, advice: '' }} />;
          return <Opened id={id} columns={answer.columns} row={row} />;
        }}
      </Answered>
    </section>
  );
}

function Opened({ id, columns, row }: { id: string; columns: Column[]; row: Cell[] }) {
  const get = (name: string) => row[columns.findIndex((column) => column.name === name)] ?? null;
  const type = textOf(get('type'));
  return (
    <>
      <header class="detail-head">
        <h2><Guest text={textOf(get('name')) || `map ${id}`} max={32} /></h2>
        <span class="chip">{type || `type ${cellText(get('type_id'))}`}</span>
        <span class="soft">id {id}</span>
        <span class="spacer" />
        <button type="button" class="quiet" aria-label="Close the map" data-testid="map-close" onClick={() => adjust({ map: undefined })}>✕</button>
      </header>
      <div class="map-facts">
        <Facts>
          <Fact name="holds">
            {get('entries') !== null && <>{cellText(get('entries'))} of </>}{cellText(get('max_entries'))}; key {cellText(get('key_bytes'))} bytes, value {cellText(get('value_bytes'))} bytes
          </Fact>
          <Fact name="used by">
            {textOf(get('pinned_by_programs')) ? textOf(get('pinned_by_programs')).split(',').map((program, i) => (
              <span key={program}>{i > 0 && ', '}<Link view="bpf" params={{ tab: 'programs', program }}>program {program}</Link></span>
            )) : <span class="soft">no program</span>}
          </Fact>
          <Fact name="address"><Value cell={get('address')} column={{ name: 'address', kind: 'address' }} /></Fact>
        </Facts>
      </div>
      <div class="detail-body bpf-body">
        {type === 'ringbuf' || type === 'user_ringbuf' ? <Ring id={id} /> : type === 'arena' ? <Arena id={id} /> : <Entries id={id} />}
      </div>
    </>
  );
}

function Entries({ id }: { id: string }) {
  const rows = asked(`bpf entries ${id}`, async (): Promise<Rows> => {
    const answer = await client().query({ table: 'bpf_entries', constraints: [{ column: 'map_id', op: '=', value: id }], limit: MOST });
    note(answer.diagnostics);
    return answer;
  });
  return <Answered of={rows} what="Reading entries">{(answer) => <EntryGrid answer={answer} id={id} />}</Answered>;
}

interface Picked {
  title: string;
  texts: { label: string; text: string; bytes: Uint8Array | null }[];
}

function EntryGrid({ answer, id }: { answer: Rows; id: string }) {
  const [picked, setPicked] = useState<number | null>(null);
  const at = useMemo(() => Object.fromEntries(answer.columns.map((column, i) => [column.name, i])), [answer]);
  const shaped = useMemo(() => shape(answer, at), [answer]);
  if (!answer.rows.length) return <Empty>{answer.partial ? 'No entry could be read: what could not be read says why.' : 'It is empty.'}</Empty>;
  const one = picked === null ? null : shaped.open(picked);
  return (
    <div class={`entries-box ${one ? 'opened' : ''}`}>
      <Grid id="entries" label={`Entries of map ${id}`} columns={shaped.columns} rows={shaped.rows} saveAs={`map-${id}`}
        onOpen={(_, i) => setPicked(i)} selected={(row) => picked !== null && row === shaped.rows[picked]}
        {...(answer.complete ? {} : { more: `the first ${countText(MOST)}` })} />
      {one && <Entry picked={one} close={() => setPicked(null)} />}
    </div>
  );
}

// Rows as they are, or for a per-CPU map a row a key and a column a CPU.
function shape(answer: Rows, at: Record<string, number | undefined>) {
  const cell = (row: Cell[], name: string): Cell => row[at[name] ?? -1] ?? null;
  const bytes = (value: Cell) => (value instanceof Uint8Array ? value : null);
  const detail = (title: string, rows: Cell[][]): Picked => ({
    title,
    texts: [
      { label: 'key', text: textOf(cell(rows[0]!, 'key_text')), bytes: bytes(cell(rows[0]!, 'key')) },
      ...rows.map((row) => ({
        label: cell(row, 'cpu') === null ? 'value' : `CPU ${cellText(cell(row, 'cpu'))}`,
        text: textOf(cell(row, 'value_text')) || textOf(cell(row, 'target')), bytes: bytes(cell(row, 'value')),
      })),
    ],
  });
  const perCpu = answer.rows.some((row) => cell(row, 'cpu') !== null);
  if (!perCpu) {
    const names = ['key_text', 'value_text', 'target', 'key', 'value'].filter((name) => answer.rows.some((row) => cell(row, name) !== null));
    const kinds: Record<string, string> = { key: 'bytes', value: 'bytes' };
    const titles: Record<string, string> = { key_text: 'key', value_text: 'value', key: 'key, hex', value: 'value, hex' };
    const columns: GridColumn[] = names.map((name) => ({ name, title: titles[name] ?? name, kind: kinds[name] ?? 'text' }));
    const rows = answer.rows.map((row) => names.map((name) => cell(row, name)));
    return { columns, rows, open: (i: number) => detail('Entry', [answer.rows[i]!]) };
  }
  const keys = new Map<string, Cell[][]>();
  const cpus = new Set<number>();
  for (const row of answer.rows) {
    const key = cell(row, 'key') instanceof Uint8Array ? bytesHex(cell(row, 'key') as Uint8Array) : textOf(cell(row, 'key_text')) || cellText(cell(row, 'target'));
    const list = keys.get(key) ?? [];
    list.push(row);
    keys.set(key, list);
    cpus.add(Number(cell(row, 'cpu') ?? 0n));
  }
  const order = [...cpus].sort((a, b) => a - b);
  const columns: GridColumn[] = [
    { name: 'key', kind: 'text', doc: 'The key' },
    ...order.map((cpu) => ({ name: `cpu_${cpu}`, title: `CPU ${cpu}`, kind: 'text', doc: `The value on CPU ${cpu}` })),
  ];
  const groups = [...keys.values()];
  const rows = groups.map((list): Cell[] => {
    const values = new Map(list.map((row) => [Number(cell(row, 'cpu') ?? 0n), cell(row, 'value_text') ?? cell(row, 'value')]));
    return [cell(list[0]!, 'key_text') ?? cell(list[0]!, 'key') ?? cell(list[0]!, 'target'), ...order.map((cpu) => values.get(cpu) ?? null)];
  });
  return { columns, rows, open: (i: number) => detail(plural(groups[i]!.length, 'CPU'), groups[i]!) };
}

function exact(text: string): Exact | undefined {
  try {
    return parseExactCell(text);
  } catch {
    return undefined;
  }
}

function Entry({ picked, close }: { picked: Picked; close: () => void }) {
  return (
    <aside class="entry" aria-label="Entry" data-testid="bpf-entry">
      <div class="panel-head">
        <h3>{picked.title}</h3>
        <button type="button" class="quiet" aria-label="Close the entry" data-testid="entry-close" onClick={close}>✕</button>
      </div>
      {picked.texts.map((part, i) => {
        const tree = part.text ? exact(part.text) : undefined;
        return (
          <div key={i} class="entry-part">
            <h3>{part.label}</h3>
            {tree !== undefined ? <ExactTree value={tree} /> : part.text ? <Guest text={part.text} max={4000} /> : null}
            {part.bytes && part.bytes.length > 0 && <HexBlock bytes={part.bytes} />}
          </div>
        );
      })}
    </aside>
  );
}

export function HexBlock({ bytes, most = 1024 }: { bytes: Uint8Array; most?: number }) {
  const lines: string[] = [];
  for (let i = 0; i < Math.min(bytes.length, most); i += 16) {
    const part = bytes.subarray(i, Math.min(i + 16, bytes.length));
    lines.push(`${i.toString(16).padStart(4, '0')}  ${bytesHex(part).replace(/../g, '$& ').padEnd(49)} ${ascii(part)}`);
  }
  if (bytes.length > most) lines.push(`… ${plural(bytes.length - most, 'byte')} more`);
  return <pre class="hex-block">{lines.join('\n')}</pre>;
}

function Ring({ id }: { id: string }) {
  const rows = rowsOnce('bpf_ring_records', undefined, [{ column: 'map_id', op: '=', value: id }], MOST);
  const [picked, setPicked] = useState<number | null>(null);
  return (
    <Answered of={rows} what="Reading records">
      {(answer) => {
        const keep = answer.columns.map((column, i) => ({ column, i })).filter(({ column }) => column.name !== 'map_id');
        const columns: GridColumn[] = keep.map(({ column }) => column);
        const cells = answer.rows.map((row) => keep.map(({ i }) => row[i] ?? null));
        const data = columns.findIndex((column) => column.name === 'data');
        const bytes = picked === null ? null : cells[picked]?.[data];
        if (!cells.length) return <Empty>The ring holds no record.</Empty>;
        return (
          <div class={`entries-box ${bytes instanceof Uint8Array ? 'opened' : ''}`}>
            <Grid id="records" label="Records" columns={columns} rows={cells} saveAs={`ring-${id}`} onOpen={(_, i) => setPicked(i)} />
            {bytes instanceof Uint8Array && (
              <Entry picked={{ title: 'Record', texts: [{ label: plural(bytes.length, 'byte'), text: '', bytes }] }} close={() => setPicked(null)} />
            )}
          </div>
        );
      }}
    </Answered>
  );
}

function Arena({ id }: { id: string }) {
  const rows = rowsOnce('bpf_arena_pages', undefined, [{ column: 'map_id', op: '=', value: id }], MOST);
  return (
    <Answered of={rows} what="Walking the arena">
      {(answer) =>
        answer.rows.length ? <Grid id="arena" label="Pages of the arena" columns={answer.columns} rows={answer.rows} saveAs={`arena-${id}`} /> : <Empty>The arena has no pages.</Empty>
      }
    </Answered>
  );
}

