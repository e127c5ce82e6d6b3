// What the page knows: the dump that is open, where in the page one is, and the
// answers that were given so far.
import { signal } from '@preact/signals';

import { Cancelled, type Client, DumpError } from '../client';
import { getFragment, onFragment, setFragment } from '../host';
import { decodeState, encodeState, type PageState, type Params, type ViewName } from '../lib/fragment';
import type { Cell, Constraint, Diagnostic, Opened, OpenOptions, Progress, Rows } from '../protocol';

export type DumpClient = Pick<Client, keyof Client>;

let current: DumpClient;
export function setClient(client: DumpClient): void {
  current = client;
}
export function client(): DumpClient {
  return current;
}

// ── The dump ───────────────────────────────────────────────────────────────

export interface Trouble {
  message: string;
  advice: string;
}

export interface OpenDump {
  name: string; // of the file: text of the user's machine
  sample: boolean;
  opened: Opened;
  seconds: number; // it took
}

export const dump = signal<OpenDump | null>(null);
export const opening = signal<{ name: string; progress: Progress | null; abort: AbortController } | null>(null);
export const trouble = signal<Trouble | null>(null);
export const losses = signal<Diagnostic[]>([]);
export const said = signal(''); // for screen readers

const ADVICE = 'Check that the file is a whole, uncompressed memory dump: ELF core, kdump, LiME, AVML or raw.';

export function troubleOf(error: unknown): Trouble {
  const message = error instanceof Error ? error.message : String(error);
  return { message, advice: error instanceof DumpError ? (error.advice ?? '') : '' };
}

export async function openFiles(files: File[], sample = false, options: OpenOptions = {}): Promise<void> {
  if (!files.length) return;
  opening.value?.abort.abort();
  const abort = new AbortController();
  const name = sample ? 'the sample' : files.map((file) => file.name).join(', ');
  const mine = { name, progress: null as Progress | null, abort };
  opening.value = mine;
  trouble.value = null;
  const start = performance.now();
  const isMine = () => opening.value?.abort === abort;
  try {
    const opened = await current.open(files, {
      ...options,
      signal: abort.signal,
      progress: (progress) => {
        if (isMine()) opening.value = { ...mine, progress };
      },
    });
    if (!isMine()) return;
    answers.clear();
    losses.value = opened.diagnostics;
    // A link that was followed here is kept for the first dump.
    const kept = generation.value === 0 && opened.attached;
    dump.value = { name, sample, opened, seconds: (performance.now() - start) / 1000 };
    generation.value++;
    if (!kept) go('summary', {});
    said.value = `${name} is open`;
  } catch (error) {
    if (!isMine() || error instanceof Cancelled) return;
    const told = troubleOf(error);
    trouble.value = { ...told, advice: told.advice || ADVICE };
    // The dump of before is no longer what the workers have open.
    dump.value = null;
  } finally {
    if (isMine()) opening.value = null;
  }
}

export function cancelOpening(): void {
  const mine = opening.value;
  opening.value = null;
  dump.value = null;
  mine?.abort.abort();
  said.value = 'Cancelled';
}

export function closeDump(): void {
  current.close();
  dump.value = null;
  answers.clear();
  losses.value = [];
  go('summary');
}

// ── Where one is ───────────────────────────────────────────────────────────

export const route = signal<PageState>(decodeState(getFragment()) ?? { view: 'summary', params: {} });
onFragment((fragment) => {
  const state = decodeState(fragment);
  if (state) route.value = state;
});

export function go(view: ViewName, params: Params = {}, replace = false): void {
  route.value = { view, params };
  setFragment(encodeState(route.value).slice(1), replace);
}

// Changes parameters of the view; undefined takes one out.
export function adjust(params: Record<string, string | undefined>, replace = true): void {
  const merged: Params = {};
  for (const [name, value] of Object.entries({ ...route.value.params, ...params }))
    if (value !== undefined) merged[name] = value;
  go(route.value.view, merged, replace);
}

// ── Answers ────────────────────────────────────────────────────────────────

export type Resource<T> =
  | { state: 'loading' }
  | { state: 'ready'; value: T }
  | { state: 'error'; trouble: Trouble };

const answers = new Map<string, ReturnType<typeof signal<Resource<unknown>>>>();
export const generation = signal(0); // counts dumps: who remembers something of one forgets it

// The answer to a question, asked once a dump. key names the question.
export function asked<T>(key: string, ask: (client: DumpClient) => Promise<T>): Resource<T> {
  let answer = answers.get(key);
  if (!answer) {
    const made = signal<Resource<unknown>>({ state: 'loading' });
    answers.set(key, made);
    answer = made;
    ask(current).then(
      (value) => (made.value = { state: 'ready', value }),
      (error: unknown) => {
        if (error instanceof Cancelled) answers.delete(key);
        else made.value = { state: 'error', trouble: troubleOf(error) };
      },
    );
  }
  return answer.value as Resource<T>;
}

export function note(diagnostics: Diagnostic[]): void {
  if (diagnostics.length) losses.value = [...losses.value, ...diagnostics].slice(-500);
}

const PAGE_ROWS = 20000;

// All rows of a table, up to a cap.
export async function allRows(
  table: string, columns: string[] | undefined, constraints: Constraint[] = [], cap = 200000, signal?: AbortSignal,
): Promise<Rows> {
  let all: Rows | undefined;
  while (!all || (!all.complete && all.rows.length < cap)) {
    const limit = Math.min(PAGE_ROWS, cap - (all?.rows.length ?? 0));
    const rows: Rows = await current.query(
      { table, constraints, offset: all?.rows.length ?? 0, limit, ...(columns && { columns }) },
      signal ? { signal } : {},
    );
    note(rows.diagnostics);
    all = all
      ? { ...rows, rows: [...all.rows, ...rows.rows], partial: all.partial || rows.partial, complete: rows.complete }
      : rows;
    if (!rows.rows.length) break;
  }
  return all;
}

export type Fields = Record<string, Cell>;

export function records(rows: Rows): Fields[] {
  return rows.rows.map((row) => Object.fromEntries(rows.columns.map((column, i) => [column.name, row[i] ?? null])));
}

// Rows of a table as records, asked once.
export function tableOnce(table: string, columns?: string[], cap?: number): Resource<Fields[]> {
  return asked(`${table} ${columns?.join() ?? ''}`, async () => records(await allRows(table, columns, [], cap)));
}
export function rowsOnce(table: string, columns?: string[], constraints: Constraint[] = [], cap?: number): Resource<Rows> {
  const key = `rows ${table} ${columns?.join() ?? ''} ${constraints.map((c) => c.column + c.op + c.value).join('&')}`;
  return asked(key, () => allRows(table, columns, constraints, cap));
}

export function hasTable(name: string): boolean {
  return dump.value?.opened.tables.some((table) => table.name === name) ?? false;
}
