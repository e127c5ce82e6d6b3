// The first thing one sees of a dump: what machine, how it is known, what fills
// its memory.
import type { ComponentChildren } from 'preact';

import { dump, go, tableOnce, type Fields, asked, records } from '../app/state';
import { addressText, type Cell, cellNumber, isUnreadable, textOf } from '../lib/cell';
import { bytesText, countText, percentText, plural, timeText } from '../lib/format';
import { kindCode, KINDS } from '../map/kinds';
import { Swatch } from '../map/swatch';
import { darkNow } from '../app/theme';
import { Answered, Fact, Facts, Loading, Meter, Panel, Problem } from '../parts/basics';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import { MEMORY_SQL } from './process_memory';

export function SummaryView() {
  const { opened, seconds } = dump.value!;
  if (!opened.attached)
    return (
      <div class="view summary" data-testid="view-summary">
        <h1>No kernel was found in this dump</h1>
        {opened.trouble && <Problem trouble={{ message: opened.trouble.message, advice: opened.trouble.advice ?? '' }} />}
        <p>Its bytes can still be read: <Link view="bytes" params={{ at: 'p:0x0' }}>open Bytes</Link>.</p>
        <Segments />
      </div>
    );
  const kernel = tableOnce('kernel');
  return (
    <div class="view summary" data-testid="view-summary">
      <Answered of={kernel} what="Asking what machine this is">
        {([machine]) => (
          <>
            <Headline machine={machine!} seconds={seconds} />
            <Kinds />
            <div class="columns">
              <Largest />
              <Cached />
              <Machine machine={machine!} />
              <Found machine={machine!} />
            </div>
            <Counts machine={machine!} />
          </>
        )}
      </Answered>
    </div>
  );
}

function Headline({ machine, seconds }: { machine: Fields; seconds: number }) {
  const { name, opened } = dump.value!;
  const cpus = cellNumber(machine.cpus);
  const boot = cellNumber(machine.boot_time);
  return (
    <header class="headline">
      <h1>
        <Guest text={textOf(machine.hostname) || 'A machine without a name'} />
      </h1>
      <p class="lead">
        Linux <Guest text={textOf(machine.release)} max={80} /> on {textOf(machine.arch)}
        {cpus > 0 && <>, {plural(cpus, 'CPU')}</>}
        {cellNumber(machine.memory_bytes) > 0 && <>, {bytesText(cellNumber(machine.memory_bytes))} in the dump</>}
        {Number.isFinite(boot) && <>, booted {timeText(boot).replace('T', ' ').replace('Z', ' UTC')}</>}
      </p>
      <p class="soft">
        <Guest text={name} max={200} /> · {opened.container} · {bytesText(opened.fileBytes)} · read in {seconds < 10 ? seconds.toFixed(2) : Math.round(seconds)} s
      </p>
    </header>
  );
}

// ── Memory by kind ─────────────────────────────────────────────────────────

function Kinds() {
  const kinds = tableOnce('memory_summary');
  return (
    <Panel id="memory" title="Memory" aside={<Link view="map" testid="to-map">Open the memory map</Link>}>
      <Answered of={kinds} what="Counting page frames">
        {(list) => <KindBar list={list} />}
      </Answered>
    </Panel>
  );
}

function KindBar({ list }: { list: Fields[] }) {
  const rows = list
    .map((row) => ({ code: kindCode(textOf(row.kind)), bytes: cellNumber(row.bytes) }))
    .filter((row) => row.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  const total = rows.reduce((sum, row) => sum + row.bytes, 0);
  return (
    <>
      <div class="kind-bar" aria-hidden="true">
        {rows.map((row) => (
          <span key={row.code} title={KINDS[row.code]!.label}
            style={{ flexGrow: row.bytes, backgroundColor: darkNow.value ? KINDS[row.code]!.dark : KINDS[row.code]!.light }} />
        ))}
      </div>
      <ul class="kind-list">
        {rows.map((row) => (
          <li key={row.code}>
            <button type="button" data-testid={`kind-${KINDS[row.code]!.name}`} title="Show in the memory map"
              onClick={() => go('map', { kinds: String(row.code) })}>
              <Swatch code={row.code} />
              <span class="name">{KINDS[row.code]!.label}</span>
              <span class="size">{bytesText(row.bytes)}</span>
              <span class="share">{percentText(row.bytes, total)}</span>
              <span class="doc">{KINDS[row.code]!.doc}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

// ── Largest ────────────────────────────────────────────────────────────────

const TOP = 8;

function Bars(props: { rows: { key: string; name: ComponentChildren; bytes: number; note?: string; open: () => void }[]; id: string }) {
  const most = Math.max(1, ...props.rows.map((row) => row.bytes));
  return (
    <ol class="bars" data-testid={`bars-${props.id}`}>
      {props.rows.map((row) => (
        <li key={row.key}>
          <button type="button" onClick={row.open}>
            <span class="name">{row.name}</span>
            <span class="size">{bytesText(row.bytes)}</span>
            <Meter part={row.bytes} whole={most} />
          </button>
        </li>
      ))}
    </ol>
  );
}

function Largest() {
  const memory = asked('memory of processes', async (c) => (await c.sql({ text: MEMORY_SQL, limit: 100000 })).rows);
  return (
    <Panel id="largest" title="Largest processes" aside={<Link view="processes">All processes</Link>}>
      <Answered of={memory} what="Walking page tables">
        {(rows) => {
          const list = [...rows].sort((a, b) => cellNumber(b[2]) - cellNumber(a[2])).slice(0, TOP);
          if (!list.length) return <p class="soft">No process has memory of its own in this dump.</p>;
          return (
            <Bars id="processes" rows={list.map((row) => ({
              key: String(row[0]),
              name: <><Guest text={textOf(row[1])} max={16} /> <span class="soft">{String(row[0])}</span></>,
              bytes: cellNumber(row[2]),
              open: () => go('processes', { pid: String(row[0]) }),
            }))} />
          );
        }}
      </Answered>
    </Panel>
  );
}

function Cached() {
  const files = asked('largest cached files', async (c) =>
    (await c.sql({
      text: 'SELECT device, inode, path, cached_pages FROM inodes WHERE cached_pages > 0 ORDER BY cached_pages DESC', limit: TOP,
    })).rows);
  const page = dump.value!.opened.pageBytes;
  return (
    <Panel id="cached" title="Largest files in memory" aside={<Link view="files">All files</Link>}>
      <Answered of={files} what="Listing cached files">
        {(rows) =>
          rows.length ? (
            <Bars id="files" rows={rows.map((row) => ({
              key: `${textOf(row[0])}.${String(row[1])}`,
              name: textOf(row[2]) ? <Guest text={textOf(row[2])} max={120} /> : <span class="soft">inode {String(row[1])} of {textOf(row[0])}</span>,
              bytes: cellNumber(row[3]) * page,
              open: () => go('files', { device: textOf(row[0]), inode: String(row[1]) }),
            }))} />
          ) : (
            <p class="soft">No cached file was found.</p>
          )
        }
      </Answered>
    </Panel>
  );
}

// ── The machine ────────────────────────────────────────────────────────────

const ADDRESSES = new Set(['page_table_root', 'kaslr_offset', 'image_base', 'image_phys', 'direct_map_base', 'vmemmap_base', 'btf_phys']);

function shown(name: string, cell: Cell): ComponentChildren {
  if (isUnreadable(cell)) return <span class="gap" title={cell.unreadable}>unreadable</span>;
  if (typeof cell === 'bigint') {
    if (ADDRESSES.has(name)) return <code>{addressText(cell)}</code>;
    if (name.endsWith('_bytes') || name === 'page_size') return bytesText(Number(cell));
    return countText(cell);
  }
  return <Guest text={String(cell)} max={300} />;
}

const MACHINE: readonly [string, string][] = [
  ['version', 'version'], ['build_id', 'build id'], ['domain', 'domain'], ['page_size', 'page size'],
  ['va_bits', 'address bits'], ['page_table_levels', 'page-table levels'], ['page_table_root', 'page-table root'],
  ['kaslr_offset', 'KASLR offset'], ['image_base', 'image, virtual'], ['image_phys', 'image, physical'],
  ['direct_map_base', 'direct map'], ['vmemmap_base', 'struct pages'],
];

function Machine({ machine }: { machine: Fields }) {
  return (
    <Panel id="machine" title="The machine">
      <Facts>
        {MACHINE.filter(([name]) => machine[name] !== null && machine[name] !== undefined).map(([name, label]) => (
          <Fact key={name} name={label}>{shown(name, machine[name]!)}</Fact>
        ))}
      </Facts>
    </Panel>
  );
}

function Found({ machine }: { machine: Fields }) {
  const parts = (cell: Cell | undefined) => textOf(cell).split(/; /).filter(Boolean);
  return (
    <Panel id="found" title="How the kernel was found">
      <ul class="plain">{parts(machine.found_by).map((text) => <li key={text}><Guest text={text} /></li>)}</ul>
      <h3>What confirms it</h3>
      <ul class="ticks">{parts(machine.confirmed_by).map((text) => <li key={text}><Guest text={text} /></li>)}</ul>
      <Segments />
    </Panel>
  );
}

function Segments() {
  const segments = asked('segments by state', async (c) =>
    records(await c.query({ table: 'segments', columns: ['state', 'bytes'], limit: 100000 })));
  if (segments.state !== 'ready') return <Loading what="Reading what the dump holds" />;
  const sums = new Map<string, { n: number; bytes: number }>();
  for (const row of segments.value) {
    const sum = sums.get(textOf(row.state)) ?? { n: 0, bytes: 0 };
    sum.n++;
    sum.bytes += cellNumber(row.bytes);
    sums.set(textOf(row.state), sum);
  }
  const words: Record<string, string> = { file: 'held', zero: 'declared to be zero', filtered: 'left out' };
  return (
    <>
      <h3>What the dump holds</h3>
      <ul class="plain">
        {[...sums].map(([state, sum]) => (
          <li key={state}>{bytesText(sum.bytes)} {words[state] ?? state}, in {plural(sum.n, 'segment')}</li>
        ))}
      </ul>
    </>
  );
}

// ── Counts ─────────────────────────────────────────────────────────────────

const COUNTS: readonly { label: string; sql: string; tables: string[]; open: () => void; id: string }[] = [
  { id: 'processes', label: 'processes', sql: 'count(*) FROM tasks WHERE pid = tgid', tables: ['tasks'], open: () => go('processes') },
  { id: 'modules', label: 'kernel modules', sql: 'count(*) FROM modules', tables: ['modules'], open: () => go('ask', { show: 'modules' }) },
  { id: 'mounts', label: 'mounts', sql: 'count(*) FROM mounts', tables: ['mounts'], open: () => go('ask', { show: 'mounts' }) },
  { id: 'log', label: 'log messages', sql: 'count(*) FROM log', tables: ['log'], open: () => go('ask', { show: 'log' }) },
  { id: 'sockets', label: 'sockets', sql: 'count(*) FROM sockets', tables: ['sockets'], open: () => go('ask', { show: 'sockets' }) },
  { id: 'bpf_maps', label: 'BPF maps', sql: 'count(*) FROM bpf_maps', tables: ['bpf_maps'], open: () => go('bpf') },
  { id: 'bpf_programs', label: 'BPF programs', sql: 'count(*) FROM bpf_programs', tables: ['bpf_programs'], open: () => go('bpf', { tab: 'programs' }) },
];

function Counts({ machine }: { machine: Fields }) {
  const has = new Set(dump.value!.opened.tables.map((table) => table.name));
  const list = COUNTS.filter((count) => count.tables.every((table) => has.has(table)));
  return (
    <div class="counts" data-testid="counts">
      {list.map((count) => <Count key={count.id} {...count} />)}
      <button type="button" class="count-tile" data-testid="count-types" onClick={() => go('types')}>
        <strong>{countText(cellNumber(machine.btf_types) || 0)}</strong> types
      </button>
      <button type="button" class="count-tile" data-testid="count-symbols" onClick={() => go('ask', { show: 'symbols' })}>
        <strong>{countText(cellNumber(machine.symbols) || 0)}</strong> symbols
      </button>
    </div>
  );
}

function Count(props: (typeof COUNTS)[number]) {
  const n = asked(`count ${props.id}`, async (c) => cellNumber((await c.sql({ text: `SELECT ${props.sql}` })).rows[0]?.[0]));
  return (
    <button type="button" class="count-tile" data-testid={`count-${props.id}`} onClick={props.open}>
      <strong>{n.state === 'ready' ? countText(n.value) : n.state === 'loading' ? '…' : '–'}</strong> {props.label}
    </button>
  );
}
