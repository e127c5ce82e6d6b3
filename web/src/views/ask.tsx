// SQL over every table: an editor, examples, what one asked before, and the list
// of tables, any of which opens as it is.
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';

import { adjust, client, dump, generation, note, route, rowsOnce, said, type Trouble, troubleOf } from '../app/state';
import { Cancelled } from '../client';
import type { Cell } from '../lib/cell';
import { countText, plural } from '../lib/format';
import { Answered, Loading, Problem } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import type { SqlRows, Table } from '../protocol';

const EXAMPLES: readonly { title: string; sql: string }[] = [
  { title: 'Threads by state', sql: 'SELECT kind, state, count(*) AS threads\nFROM tasks GROUP BY 1, 2 ORDER BY 3 DESC' },
  { title: 'Memory of every process', sql: "SELECT tgid, comm, sum(bytes) AS resident\nFROM mappings WHERE state = 'present'\nGROUP BY tgid ORDER BY resident DESC" },
  { title: 'Largest cached files', sql: 'SELECT path, cached_pages, bytes\nFROM inodes WHERE cached_pages > 0\nORDER BY cached_pages DESC LIMIT 50' },
  { title: 'Deleted files in use', sql: 'SELECT * FROM deleted_in_use' },
  { title: 'Executable memory of no file', sql: 'SELECT * FROM anonymous_executable' },
  { title: 'Libraries of a process', sql: 'SELECT DISTINCT path FROM process_libraries WHERE tgid = 1' },
  { title: 'Which programs use a BPF map', sql: 'SELECT * FROM map_users' },
  { title: 'Slab caches by pages', sql: "SELECT owner AS cache, count(*) AS pages\nFROM pages WHERE kind = 'slab'\nGROUP BY 1 ORDER BY 2 DESC" },
  { title: 'A struct, as JSON', sql: "SELECT pid, comm, type_json('task_struct.se', address) AS se\nFROM tasks WHERE kind = 'user' LIMIT 10" },
];

const LIMIT = 10000;

const text = signal(EXAMPLES[0]!.sql);
const history = signal<string[]>([]);
type Result = { state: 'none' } | { state: 'running'; abort: AbortController } | { state: 'ready'; rows: SqlRows; columns: GridColumn[]; n: number } | { state: 'error'; trouble: Trouble };
const result = signal<Result>({ state: 'none' });
let results = 0;
let ofDump = 0;

// SQL's columns have no types: the values tell.
function columnsOf(rows: SqlRows): GridColumn[] {
  const known = new Map(dump.value!.opened.tables.flatMap((table) => table.columns.map((c) => [c.name, c.kind] as const)));
  return rows.columns.map((name, i) => {
    const first = rows.rows.find((row) => row[i] !== null)?.[i];
    const kind = typeof first === 'bigint' || typeof first === 'number' ? 'i64' : typeof first === 'string' ? 'text' : 'any';
    return { name, kind: typeof first === 'bigint' && known.get(name) === 'time' ? 'time' : kind };
  });
}

async function run(): Promise<void> {
  const sql = text.value.trim();
  if (!sql) return;
  if (result.value.state === 'running') result.value.abort.abort();
  const abort = new AbortController();
  result.value = { state: 'running', abort };
  adjust({ show: undefined });
  history.value = [sql, ...history.value.filter((old) => old !== sql)].slice(0, 50);
  try {
    const rows = await client().sql({ text: sql, limit: LIMIT }, { signal: abort.signal });
    if (abort.signal.aborted) return;
    note(rows.diagnostics);
    result.value = { state: 'ready', rows, columns: columnsOf(rows), n: ++results };
    said.value = plural(rows.rows.length, 'row');
  } catch (error) {
    if (abort.signal.aborted || error instanceof Cancelled) {
      if (result.value.state === 'running' && result.value.abort === abort) result.value = { state: 'none' };
      return;
    }
    result.value = { state: 'error', trouble: troubleOf(error) };
  }
}

function cancel(): void {
  const at = result.value;
  if (at.state !== 'running') return;
  result.value = { state: 'none' };
  at.abort.abort();
}

export function AskView() {
  if (ofDump !== generation.value) {
    ofDump = generation.value;
    result.value = { state: 'none' };
  }
  const tables = dump.value!.opened.tables;
  const shown = tables.find((table) => table.name === route.value.params.show);
  return (
    <div class="view ask" data-testid="view-ask">
      <h1 class="hidden-text">Ask</h1>
      <aside class="ask-side" aria-label="Tables, examples and history">
        <h2>Tables</h2>
        <TableList tables={tables} at={shown?.name} />
      </aside>
      <section class="ask-main" aria-label="Question and answer">
        <Editor />
        {shown ? <WholeTable table={shown} key={shown.name} /> : <Outcome />}
      </section>
    </div>
  );
}

function Editor() {
  const area = useRef<HTMLTextAreaElement>(null);
  const choose = (sql: string) => { text.value = sql; area.current?.focus(); };
  return (
    <div class="editor">
      <textarea
        ref={area} aria-label="SQL" rows={5} value={text.value} data-testid="sql" spellcheck={false} autocomplete="off"
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void run(); } }}
      />
      <div class="editor-tools">
        {result.value.state === 'running' ? (
          <button type="button" class="button small" data-testid="sql-cancel" onClick={cancel}>Cancel</button>
        ) : (
          <button type="button" class="button small primary" data-testid="sql-run" onClick={() => void run()}>Run</button>
        )}
        <span class="soft hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
        <span class="spacer" />
        <select aria-label="Examples" data-testid="sql-examples" value="" onChange={(event) => { const i = Number(event.currentTarget.value); event.currentTarget.value = ''; if (EXAMPLES[i]) choose(EXAMPLES[i].sql); }}>
          <option value="">Examples</option>
          {EXAMPLES.map((example, i) => <option key={example.title} value={i}>{example.title}</option>)}
        </select>
        <select aria-label="History" data-testid="sql-history" value="" disabled={!history.value.length} onChange={(event) => { const i = Number(event.currentTarget.value); event.currentTarget.value = ''; if (history.value[i]) choose(history.value[i]); }}>
          <option value="">History</option>
          {history.value.map((sql, i) => <option key={sql} value={i}>{sql.replace(/\s+/g, ' ').slice(0, 80)}</option>)}
        </select>
      </div>
    </div>
  );
}

function Outcome() {
  const at = result.value;
  if (at.state === 'running') return <div class="ask-out"><Loading what="Asking" /></div>;
  if (at.state === 'error') return <div class="ask-out padded"><Problem trouble={at.trouble} /></div>;
  if (at.state === 'none')
    return (
      <div class="ask-out padded soft">
        <p>Every table of kernlens is here under its name, and nothing can be written. Choose a table to see all of it, or an example to begin with.</p>
      </div>
    );
  const { rows } = at;
  return (
    <div class="ask-out" data-testid="sql-result">
      <Grid key={at.n} id="answer" label="Answer" columns={at.columns} rows={rows.rows as Cell[][]} saveAs="answer"
        {...(rows.complete ? {} : { more: `the first ${countText(LIMIT)}: add a LIMIT or a condition` })}
        tools={<span class="grid-count">{rows.milliseconds < 10 ? rows.milliseconds.toFixed(1) : Math.round(rows.milliseconds)} ms</span>} />
    </div>
  );
}

const WHOLE = 200000;

function WholeTable({ table }: { table: Table }) {
  const rows = rowsOnce(table.name, undefined, [], WHOLE);
  return (
    <div class="ask-out" data-testid="whole-table">
      <p class="table-doc"><strong>{table.name}</strong> <span class="soft">{table.doc}</span></p>
      <Answered of={rows} what={`Reading ${table.name}`}>
        {(answer) => (
          <Grid id="table" label={table.name} columns={answer.columns} rows={answer.rows} saveAs={table.name}
            {...(answer.complete ? {} : { more: `the first ${countText(WHOLE)}` })} />
        )}
      </Answered>
    </div>
  );
}

function TableList({ tables, at }: { tables: Table[]; at: string | undefined }) {
  const groups = [...new Set(tables.map((table) => table.group))];
  return (
    <>
      {groups.map((group) => (
        <div key={group} class="table-group">
          <h3>{group}</h3>
          <ul>
            {tables.filter((table) => table.group === group).map((table) => (
              <li key={table.name}>
                <button type="button" aria-current={table.name === at ? 'true' : undefined} title={`${table.doc}\n\n${table.columns.map((c) => c.name).join(', ')}`}
                  data-testid={`table-${table.name}`} onClick={() => adjust({ show: table.name }, false)}>{table.name}</button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}
