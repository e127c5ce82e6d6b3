// BPF: maps, programs, links; one of them opened.
import type { Cell } from '../lib/cell';
import { adjust, hasTable, route, rowsOnce } from '../app/state';
import { bytesText, countText } from '../lib/format';
import { Answered, Empty, Tabs } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import type { Rows } from '../protocol';
import { MapDetail } from './bpf_map';
import { ProgramDetail } from './bpf_program';

const TABS = [
  { id: 'maps', label: 'Maps', table: 'bpf_maps', none: 'There are no BPF maps in this dump.' },
  { id: 'programs', label: 'Programs', table: 'bpf_programs', none: 'There are no BPF programs in this dump.' },
  { id: 'links', label: 'Links', table: 'bpf_links', none: 'No BPF program is attached by a link.' },
  { id: 'types', label: 'BTF', table: 'bpf_btfs', none: 'There are no BTF objects in this dump.' },
] as const;
type Tab = (typeof TABS)[number]['id'];

export function BpfView() {
  const { map, program, tab } = route.value.params;
  const tabs = TABS.filter((one) => hasTable(one.table));
  const at: Tab = tabs.find((one) => one.id === tab)?.id ?? (program && !map ? 'programs' : 'maps');
  const entry = TABS.find((one) => one.id === at)!;
  const opened = at === 'maps' ? map : at === 'programs' ? program : undefined;
  return (
    <div class={`view split ${opened ? 'opened' : ''}`} data-testid="view-bpf">
      <section class="list" aria-label="BPF">
        <header class="view-head bpf-head">
          <h1>BPF</h1>
          <Tabs<Tab> id="bpf" label="Kinds of BPF objects" tabs={tabs} at={at} on={(id) => adjust({ tab: id, map: undefined, program: undefined })} />
        </header>
        <List key={at} table={entry.table} none={entry.none} tab={at} narrow={opened !== undefined} />
      </section>
      {at === 'maps' && map && <MapDetail key={map} id={map} />}
      {at === 'programs' && program && <ProgramDetail key={program} id={program} />}
    </div>
  );
}

// What of each table comes first, and all there is room for beside an open one.
const NARROW: Record<string, string[]> = {
  bpf_maps: ['id', 'name', 'type', 'entries', 'max_entries'],
  bpf_programs: ['id', 'name', 'type', 'run_count'],
};

function List({ table, none, tab, narrow }: { table: string; none: string; tab: Tab; narrow: boolean }) {
  const rows = rowsOnce(table);
  return (
    <Answered of={rows} what="Walking BPF objects">
      {(answer: Rows) => {
        if (!answer.rows.length) return <Empty>{none}</Empty>;
        const names = narrow ? NARROW[table] : undefined;
        const keep = answer.columns.map((column, i) => ({ column, i })).filter(({ column }) => !names || names.includes(column.name));
        const columns: GridColumn[] = keep.map(({ column }) => column);
        const cells = answer.rows.map((row) => keep.map(({ i }) => row[i] ?? null));
        const id = columns.findIndex((column) => column.name === 'id');
        const open = (row: Cell[]) =>
          tab === 'maps' ? adjust({ tab, map: String(row[id]) }, false) : adjust({ tab, program: String(row[id]) }, false);
        const program = columns.findIndex((column) => column.name === 'program_id');
        return (
          <Grid id={`bpf-${tab}`} label={`BPF ${tab}`} columns={columns} rows={cells} saveAs={table}
            selected={(row) => String(row[id]) === (tab === 'maps' ? route.value.params.map : route.value.params.program)}
            {...(tab === 'maps' || tab === 'programs' ? { onOpen: open } : {})}
            {...(tab === 'links' && program >= 0 ? { onOpen: (row: Cell[]) => { if (row[program] !== null) adjust({ tab: 'programs', program: String(row[program]) }, false); } } : {})}
            cell={(row, c) => {
              const cell = row[c];
              const { name } = columns[c]!;
              if (typeof cell !== 'bigint') return undefined;
              if (name === 'jited_bytes' || name === 'xlated_bytes' || name === 'bytes') return <>{bytesText(Number(cell))}</>;
              if (name === 'run_time_ns') return <>{countText(cell / 1000n)} µs</>;
              return undefined;
            }} />
        );
      }}
    </Answered>
  );
}
