// Rows of tables, and of SQL.
import type { Cell, Column, Constraint, Diagnostic, Query, Rows, SqlQuery, SqlRows, Table } from '../protocol';
import { CellReader } from './cells';
import { tables } from './open';
import type { Wasm } from './wasm';
import { ARGUMENT, CANCELLED, END, high, LIMIT, low, OK } from './wasm';
import type { Work } from './work';
import { CancelledWork, Failure, Gate, SLICE_MS } from './work';

const ROWS = 10_000; // when no limit is given
const queries = new Gate(4);
const statements = new Gate(1);

export function tableOf(wasm: Wasm, name: string): Table {
  const table = tables(wasm).find((t) => t.name === name);
  if (!table) throw new Failure(`no table is named ${name}`);
  return table;
}

function chosen(table: Table, names: string[] | undefined): { column: Column; number: number }[] {
  const all = table.columns.map((column, number) => ({ column, number }));
  if (!names) return all.filter(({ column }) => !column.hidden);
  return names.map((name) => {
    const found = all.find(({ column }) => column.name === name);
    if (!found) throw new Failure(`${table.name} has no column ${name}`);
    return found;
  });
}

export function spell(value: Constraint['value']): string {
  if (!(value instanceof Uint8Array)) return String(value);
  return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// ── Cursors ────────────────────────────────────────────────────────────────

// A cursor that may go on: the page often asks for the next window.
interface Walk {
  key: string;
  handle: number;
  position: number;
  busy: boolean;
}
let walks: Walk[] = [];

function close(wasm: Wasm, walk: Walk): void {
  wasm.call.web_rows_close(walk.handle);
  walks = walks.filter((other) => other !== walk);
}

function openWalk(wasm: Wasm, key: string, text: string, columns: bigint): Walk {
  const handle = wasm.call.web_room(4);
  try {
    for (;;) {
      const status = wasm.withText(text, (p, n) => wasm.call.web_rows_open(p, n, low(columns), high(columns), handle));
      if (status === OK) {
        const walk = { key, handle: wasm.u32(handle), position: 0, busy: true };
        walks.push(walk);
        return walk;
      }
      const idle = walks.find((walk) => !walk.busy);
      if (status !== LIMIT || !idle) {
        if (status === ARGUMENT) throw new Failure('a condition has a value that is not one of its column');
        throw new Failure(wasm.status(status));
      }
      close(wasm, idle);
    }
  } finally {
    wasm.call.web_free(handle);
  }
}

function changed(before: Diagnostic[], after: Diagnostic[]): Diagnostic[] {
  const key = (d: Diagnostic) => `${d.subject} ${d.what} ${d.reason}`;
  const counts = new Map(before.map((d) => [key(d), d.count]));
  return after.filter((d) => counts.get(key(d)) !== d.count);
}

export function query(work: Work, ask: Query): Promise<Rows> {
  return queries.run(work, () => rows(work, ask));
}

async function rows(work: Work, ask: Query): Promise<Rows> {
  const { wasm } = work;
  const table = tableOf(wasm, ask.table);
  const columns = chosen(table, ask.columns);
  const mask = columns.reduce((bits, { number }) => bits | (1n << BigInt(number)), 0n);
  const conditions = (ask.constraints ?? []).map((c) => `${c.column}${c.op}${spell(c.value)}`);
  const key = JSON.stringify([ask.table, mask.toString(), conditions]);
  const offset = ask.offset ?? 0;
  const before = wasm.diagnostics();
  let walk = walks.find((w) => !w.busy && w.key === key && w.position <= offset && w.position > 0);
  if (walk) walk.busy = true;
  else walk = openWalk(wasm, key, [ask.table, ...conditions, ''].join('\0'), mask);

  // The wasm gives cells in the table's order, each column once.
  const inTable = [...new Set(columns.map(({ number }) => number))].sort((a, b) => a - b);
  const places = columns.map(({ number }) => inTable.indexOf(number));
  const straight = places.length === inTable.length && places.every((place, i) => place === i);
  const limit = ask.limit ?? ROWS;
  const given: Cell[][] = [];
  let complete = false;
  let keep = false;
  try {
    while (given.length < limit) {
      const status = wasm.call.web_rows_next(walk.handle, offset - Math.min(walk.position, offset), limit - given.length, SLICE_MS);
      const reader = new CellReader(wasm.out(), (s) => wasm.status(s));
      const count = reader.u32();
      walk.position += count + reader.u32();
      for (let i = 0; i < count; i++) {
        const row = reader.row(inTable.length);
        given.push(straight ? row : places.map((place) => row[place] as Cell));
      }
      if (status === CANCELLED) throw new CancelledWork();
      if (status !== OK) {
        complete = true; // or it stopped early: then it is partial, and the diagnostics say why
        break;
      }
      if (given.length < limit) await work.pause();
    }
    const partial = wasm.call.web_rows_partial(walk.handle) !== 0;
    keep = !complete;
    return {
      columns: columns.map(({ column }) => column),
      rows: given,
      complete,
      partial,
      diagnostics: partial ? changed(before, wasm.diagnostics()) : [],
    };
  } finally {
    walk.busy = false;
    if (!keep) close(wasm, walk);
  }
}

// ── SQL ────────────────────────────────────────────────────────────────────

export function sql(work: Work, ask: SqlQuery): Promise<SqlRows> {
  return statements.run(work, () => statement(work, ask));
}

function bind(wasm: Wasm, parameters: NonNullable<SqlQuery['parameters']>): void {
  parameters.forEach((value, i) => {
    if (value === null) return; // unbound: NULL
    const status =
      typeof value === 'bigint'
        ? wasm.call.web_sql_bind_integer(i + 1, low(value), high(value))
        : wasm.withText(value, (p, n) => wasm.call.web_sql_bind_text(i + 1, p, n));
    if (status !== OK) throw new Failure(`parameter ${String(i + 1)} has no place in the statement`);
  });
}

async function statement(work: Work, ask: SqlQuery): Promise<SqlRows> {
  const { wasm } = work;
  const began = performance.now();
  const before = wasm.diagnostics();
  const limit = ask.limit ?? ROWS;
  if (wasm.withText(ask.text, (p, n) => wasm.call.web_sql_open(p, n)) !== OK) throw new Failure(wasm.outText());
  try {
    const columns = wasm.outText().split('\0').slice(0, -1);
    bind(wasm, ask.parameters ?? []);
    const given: Cell[][] = [];
    let status = OK;
    while (status === OK && given.length <= limit) {
      work.own();
      status = wasm.call.web_sql_next(limit + 1 - given.length, SLICE_MS);
      if (status !== OK && status !== END) throw new Failure(wasm.outText());
      const reader = new CellReader(wasm.out(), (s) => wasm.status(s));
      for (let count = reader.u32(); count > 0; count--) given.push(reader.row(columns.length));
      if (status === OK) await work.pause();
    }
    return {
      columns,
      rows: given.slice(0, limit),
      complete: given.length <= limit,
      diagnostics: changed(before, wasm.diagnostics()),
      milliseconds: performance.now() - began,
    };
  } finally {
    wasm.call.web_sql_close();
  }
}
