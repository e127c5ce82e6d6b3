// Processes: a tree or a table, and one of them opened.
import { useMemo } from 'preact/hooks';

import { adjust, asked, route, tableOnce, type Fields } from '../app/state';
import { type Cell, cellNumber, isUnreadable, textOf } from '../lib/cell';
import { bytesText } from '../lib/format';
import { Answered, Segmented } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import type { Resource } from '../app/state';
import { ProcessDetail } from './process';
import { MEMORY_SQL } from './process_memory';

export interface Memory {
  resident: bigint;
  shared: bigint;
  swapped: bigint;
}

export function memoryOnce(): Resource<Cell[][]> {
  return asked('memory of processes', async (c) => (await c.sql({ text: MEMORY_SQL, limit: 100000 })).rows);
}

const COLUMNS: GridColumn[] = [
  { name: 'comm', title: 'Name', kind: 'text', doc: 'Name of the process', width: 24 },
  { name: 'pid', title: 'PID', kind: 'u64', doc: 'Process id', width: 8 },
  { name: 'state', title: 'State', kind: 'text', doc: 'R running, S sleeping, D in uninterruptible sleep, T stopped, Z zombie, I idle', width: 8 },
  { name: 'resident', title: 'Resident', kind: 'u64', doc: 'What of it is in memory: Rss of /proc/PID/smaps', width: 11 },
  { name: 'shared', title: 'Shared', kind: 'u64', doc: 'Of that, pages that are mapped more than once', width: 11 },
  { name: 'swapped', title: 'Swapped', kind: 'u64', doc: 'What of it is in swap', width: 11 },
  { name: 'threads', title: 'Threads', kind: 'u64', doc: 'Threads', width: 10 },
  { name: 'uid', title: 'User', kind: 'u64', doc: 'User id', width: 8 },
  { name: 'command_line', title: 'Command', kind: 'text', doc: 'Its arguments' },
];
const COMM = 0;
const PID = 1;
const DEPTH = COLUMNS.length; // not shown

interface Node {
  task: Fields;
  children: Node[];
}

// Parents before children; who has no parent here is a root. A circle of parents,
// which a broken dump can have, ends at the first one seen twice.
function treeOrder(tasks: Fields[]): { task: Fields; depth: number }[] {
  const nodes = new Map<string, Node>();
  for (const task of tasks) nodes.set(String(task.pid), { task, children: [] });
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(String(node.task.ppid));
    if (parent && parent !== node) parent.children.push(node);
    else roots.push(node);
  }
  const list: { task: Fields; depth: number }[] = [];
  const seen = new Set<Node>();
  const walk = (start: Node) => {
    const stack: [Node, number][] = [[start, 0]];
    while (stack.length) {
      const [node, depth] = stack.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      list.push({ task: node.task, depth });
      for (let i = node.children.length - 1; i >= 0; i--) stack.push([node.children[i]!, depth + 1]);
    }
  };
  roots.forEach(walk);
  for (const node of nodes.values()) walk(node);
  return list;
}

export function ProcessesView() {
  const tasks = tableOnce('tasks');
  const { pid, show } = route.value.params;
  const kernel = show === 'all' || show === 'all_table';
  const table = show === 'table' || show === 'all_table';
  const memory = memoryOnce();
  const setShow = (isTable: boolean, isAll: boolean) =>
    adjust({ show: isTable ? (isAll ? 'all_table' : 'table') : isAll ? 'all' : undefined });
  return (
    <div class={`view split ${pid ? 'opened' : ''}`} data-testid="view-processes">
      <section class="list" aria-label="Processes">
        <header class="view-head">
          <h1>Processes</h1>
          <Segmented id="processes-form" label="Form" at={table ? 'table' : 'tree'}
            options={[{ id: 'tree', label: 'Tree' }, { id: 'table', label: 'Table' }]} on={(id) => setShow(id === 'table', kernel)} />
          <Segmented id="processes-kind" label="Which" at={kernel ? 'all' : 'user'}
            options={[{ id: 'user', label: 'User', title: 'Processes of user space' }, { id: 'all', label: 'All', title: 'Kernel threads, too' }]}
            on={(id) => setShow(table, id === 'all')} />
        </header>
        <Answered of={tasks} what="Listing processes">
          {(list) => <ProcessGrid tasks={list} memory={memory} kernel={kernel} table={table} key={`${kernel} ${table}`} />}
        </Answered>
      </section>
      {pid && <ProcessDetail pid={pid} />}
    </div>
  );
}

function ProcessGrid(props: { tasks: Fields[]; memory: Resource<Cell[][]>; kernel: boolean; table: boolean }) {
  const { tasks, memory, kernel, table } = props;
  const rows = useMemo(() => {
    const leaders = tasks.filter((task) => String(task.pid) === String(task.tgid) && (kernel || task.kind !== 'kernel'));
    const byPid = new Map((memory.state === 'ready' ? memory.value : []).map((row) => [String(row[0]), row]));
    const ordered = table ? leaders.map((task) => ({ task, depth: 0 })) : treeOrder(leaders);
    return ordered.map(({ task, depth }): Cell[] => {
      const used = byPid.get(String(task.pid));
      const cells: Cell[] = COLUMNS.map((column) => task[column.name] ?? null);
      if (used) cells.splice(3, 3, used[2] ?? null, used[3] ?? null, used[4] ?? null);
      return [...cells, BigInt(depth)];
    });
  }, [tasks, memory, kernel, table]);
  const at = route.value.params.pid;
  return (
    <Grid
      id="processes" label="Processes" columns={COLUMNS} rows={rows} saveAs="processes"
      selected={(row) => String(row[PID]) === at}
      onOpen={(row) => adjust({ pid: String(row[PID]) }, false)}
      cell={(row, column) => {
        const cell = row[column];
        const name = COLUMNS[column]!.name;
        if (column === COMM && !isUnreadable(cell))
          return (
            <span class="tree-cell">
              <span class="tree-indent" style={{ width: `${Math.min(24, cellNumber(row[DEPTH])) * 14}px` }} />
              <Guest text={textOf(cell)} max={32} />
            </span>
          );
        if ((name === 'resident' || name === 'shared' || name === 'swapped') && typeof cell === 'bigint')
          return cell === 0n ? <span class="null">–</span> : <>{bytesText(Number(cell))}</>;
        return undefined;
      }}
    />
  );
}

