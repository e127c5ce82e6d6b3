// One process: what it is, its areas, pages, files, arguments and environment.
import { adjust, go, hasTable, route, rowsOnce, tableOnce, type Fields } from '../app/state';
import { addressText, type Cell, cellNumber, isUnreadable, textOf } from '../lib/cell';
import { bytesText, durationText, shortHex } from '../lib/format';
import { Answered, Empty, Fact, Facts, Problem, Tabs } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import { memoryOnce } from './processes';
import type { Rows } from '../protocol';

const TABS = [
  { id: 'overview', label: 'Overview', table: 'tasks' },
  { id: 'vmas', label: 'Areas', table: 'vmas' },
  { id: 'mappings', label: 'Pages', table: 'mappings' },
  { id: 'open_files', label: 'Files', table: 'open_files' },
  { id: 'environment', label: 'Environment', table: 'environment' },
  { id: 'sockets', label: 'Sockets', table: 'sockets' },
  { id: 'capabilities', label: 'Capabilities', table: 'capabilities' },
  { id: 'threads', label: 'Threads', table: 'tasks' },
] as const;
type Tab = (typeof TABS)[number]['id'];

const MOST_ROWS = 100000;

export function ProcessDetail({ pid }: { pid: string }) {
  const tasks = tableOnce('tasks');
  const tabs = TABS.filter((tab) => hasTable(tab.table));
  const at = tabs.find((tab) => tab.id === route.value.params.tab)?.id ?? 'overview';
  return (
    <section class="detail" data-testid="process" aria-label={`Process ${pid}`}>
      <Answered of={tasks} what="Listing processes">
        {(list) => {
          const threads = list.filter((task) => String(task.tgid) === pid);
          const task = threads.find((thread) => String(thread.pid) === pid);
          if (!task) return <Problem trouble={{ message: `There is no process ${pid} in this dump.`, advice: '' }} />;
          return (
            <>
              <header class="detail-head">
                <h2><Guest text={textOf(task.comm)} max={32} /> <span class="soft">{pid}</span></h2>
                <span class="spacer" />
                <Link view="map" params={{ mark: `process.${pid}` }} testid="process-map">In the memory map</Link>
                <button type="button" class="quiet" aria-label="Close the process" data-testid="process-close"
                  onClick={() => adjust({ pid: undefined, tab: undefined })}>✕</button>
              </header>
              <Tabs<Tab> id="process" label="Of this process" tabs={tabs} at={at}
                on={(tab) => adjust({ tab: tab === 'overview' ? undefined : tab })} />
              <Body key={`${pid} ${at}`} pid={pid} tab={at} task={task} threads={threads} />
            </>
          );
        }}
      </Answered>
    </section>
  );
}

function Body({ pid, tab, task, threads }: { pid: string; tab: Tab; task: Fields; threads: Fields[] }) {
  switch (tab) {
    case 'overview':
      return <Overview pid={pid} task={task} />;
    case 'threads':
      return <Threads threads={threads} />;
    case 'environment':
    case 'sockets':
    case 'capabilities':
    case 'vmas':
    case 'mappings':
    case 'open_files':
      return <TableTab pid={pid} table={tab} />;
  }
}

const WORDS: Record<string, string> = {
  R: 'running', S: 'sleeping', D: 'in uninterruptible sleep', T: 'stopped', t: 'traced', X: 'dead', Z: 'zombie', I: 'idle',
};

function Overview({ pid, task }: { pid: string; task: Fields }) {
  const memory = memoryOnce();
  const used = memory.state === 'ready' ? memory.value.find((row) => String(row[0]) === pid) : undefined;
  const address = (name: string, space: 'v' | 'p') => {
    const value = task[name];
    if (typeof value !== 'bigint') return <span class="null">–</span>;
    return <Link view="bytes" params={{ at: `${space}:${shortHex(value)}` }}><code>{addressText(value)}</code></Link>;
  };
  const struct = (name: string, type: string) => {
    const value = task[name];
    if (typeof value !== 'bigint') return <span class="null">–</span>;
    return <Link view="types" params={{ show: type, at: `v:${shortHex(value)}` }} title={`Show its ${type}`}><code>{addressText(value)}</code></Link>;
  };
  const state = textOf(task.state);
  return (
    <div class="detail-body padded" data-testid="process-overview">
      <Facts>
        <Fact name="command"><Text cell={task.command_line} /></Fact>
        <Fact name="program"><Text cell={task.exe} /></Fact>
        <Fact name="state">{state} {WORDS[state] && <span class="soft">{WORDS[state]}</span>}</Fact>
        <Fact name="parent">
          {cellNumber(task.ppid) > 0 ? <Link view="processes" params={{ pid: String(task.ppid) }}>{String(task.ppid)}</Link> : <span class="null">–</span>}
        </Fact>
        <Fact name="user">uid {String(task.uid)}, gid {String(task.gid)}, effective {String(task.euid)}</Fact>
        {used && (
          <Fact name="memory">
            {bytesText(cellNumber(used[2]))} resident, {bytesText(cellNumber(used[3]))} of it shared, {bytesText(cellNumber(used[4]))} swapped
          </Fact>
        )}
        <Fact name="started">{durationText(cellNumber(task.start_time_ns) / 1e9)} after boot</Fact>
        <Fact name="threads">{String(task.threads)}, on CPU {String(task.cpu)}, priority {String(task.priority)}</Fact>
        <Fact name="cgroup"><Text cell={task.cgroup} /></Fact>
        <Fact name="task_struct">{struct('address', 'task_struct')}</Fact>
        <Fact name="mm_struct">{struct('mm', 'mm_struct')}</Fact>
        <Fact name="page tables">{address('page_table_root', 'p')}</Fact>
      </Facts>
    </div>
  );
}

function Text({ cell }: { cell: Cell | undefined }) {
  if (isUnreadable(cell)) return <span class="gap" title={cell.unreadable}>unreadable</span>;
  return textOf(cell) ? <Guest text={textOf(cell)} max={4000} /> : <span class="null">–</span>;
}

function TableTab({ pid, table }: { pid: string; table: string }) {
  const rows = rowsOnce(table, undefined, [{ column: 'tgid', op: '=', value: pid }], MOST_ROWS);
  return (
    <div class="detail-body">
      <Answered of={rows} what="Reading">
        {(answer) => <TableOf pid={pid} table={table} answer={answer} />}
      </Answered>
    </div>
  );
}

const REPEATED = new Set(['tgid', 'comm']);

function TableOf({ pid, table, answer }: { pid: string; table: string; answer: Rows }) {
  const keep = answer.columns.map((column, i) => ({ column, i })).filter(({ column }) => !REPEATED.has(column.name));
  const columns: GridColumn[] = keep.map(({ column }) => column);
  const rows = answer.rows.map((row) => keep.map(({ i }) => row[i] ?? null));
  const start = columns.findIndex((column) => column.name === (table === 'vmas' ? 'start' : 'address'));
  if (!rows.length) return <Empty>{table === 'environment' ? 'No environment is in memory.' : 'None.'}</Empty>;
  const opens = table === 'vmas' || table === 'mappings';
  return (
    <Grid
      id={`process-${table}`} label={table} columns={columns} rows={rows} saveAs={`${table}-${pid}`}
      {...(answer.complete ? {} : { more: 'only the first ones' })}
      {...(opens && {
        onOpen: (row: Cell[]) => {
          const address = row[start];
          if (typeof address === 'bigint') go('bytes', { at: `v:${pid}:${shortHex(address)}` });
        },
      })}
      cell={(row, c) => {
        const cell = row[c];
        const name = columns[c]!.name;
        if (name === 'bytes' && typeof cell === 'bigint') return <>{bytesText(Number(cell))}</>;
        if (name === 'position' || name === 'file_offset') return typeof cell === 'bigint' ? <>{shortHex(cell)}</> : undefined;
        return undefined;
      }}
    />
  );
}

const THREAD_COLUMNS: GridColumn[] = [
  { name: 'pid', kind: 'u64', doc: 'Thread id' },
  { name: 'comm', kind: 'text', doc: 'Its name' },
  { name: 'state', kind: 'text', doc: 'R running, S sleeping, D in uninterruptible sleep' },
  { name: 'cpu', kind: 'u64', doc: 'CPU it last ran on' },
  { name: 'priority', kind: 'i64', doc: 'Priority' },
  { name: 'address', kind: 'address', doc: 'Its task_struct' },
];

function Threads({ threads }: { threads: Fields[] }) {
  const rows = threads.map((thread) => THREAD_COLUMNS.map((column) => thread[column.name] ?? null));
  return <div class="detail-body"><Grid id="process-threads" label="Threads" columns={THREAD_COLUMNS} rows={rows} saveAs="threads" /></div>;
}
