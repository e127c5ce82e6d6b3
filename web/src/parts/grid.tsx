// Rows of an answer: only those in sight are in the document, sorted by any
// column, filtered by text, walked with the arrow keys (roving focus).
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { type Cell, cellText, compareCells, isUnreadable, toCsv, toJson } from '../lib/cell';
import { visible } from '../lib/escape';
import { countText } from '../lib/format';
import { save } from './save';
import { Linked } from './links';
import { isNumeric } from './value';

export interface GridColumn {
  name: string;
  title?: string;
  kind: string;
  doc?: string;
  width?: number; // in characters
}

export interface Sort {
  name: string; // of a column
  up: boolean;
}

interface GridProps {
  id: string; // of its data-testid: grid-ID
  label: string;
  columns: GridColumn[];
  rows: Cell[][];
  onOpen?: (row: Cell[], index: number) => void;
  selected?: (row: Cell[]) => boolean;
  cell?: (row: Cell[], column: number) => ComponentChildren | undefined; // undefined: as usual
  sort?: Sort;
  more?: string; // why these are not all rows
  tools?: ComponentChildren;
  saveAs?: string;
  plain?: boolean; // no filter, no export
  unsorted?: boolean; // the order is the meaning
}

const ROW = 26;
const OVERSCAN = 8;

interface Widths {
  template: string;
  least: number; // characters
}

// Columns as wide as what is in them; long text shares what room there is.
function widths(columns: GridColumn[], rows: Cell[][]): Widths {
  const step = Math.max(1, Math.floor(rows.length / 200));
  let least = 0;
  const parts = columns.map((column, i) => {
    let most = (column.title ?? column.name).length + 2;
    for (let r = 0; r < rows.length && !column.width; r += step) {
      const cell = rows[r]![i];
      let n = cellText(cell, column.kind).length;
      if (typeof cell === 'bigint' && isNumeric(column.kind)) n += Math.floor((n - 1) / 3);
      if (column.kind === 'time') n = 20;
      if (column.kind === 'address') n = 19;
      if (n > most) most = n;
    }
    const long = !isNumeric(column.kind) && column.kind !== 'address' && column.kind !== 'time';
    // Letters are narrower than the digit that ch measures, but for addresses.
    const width = column.width ?? Math.min(most, long ? 34 : 40) * (long ? 0.95 : 1) + 2;
    least += width;
    return long ? `minmax(${width}ch, ${column.width ?? Math.min(most, 90)}fr)` : `${width}ch`;
  });
  return { template: parts.join(' '), least };
}

function matches(row: Cell[], columns: GridColumn[], words: string[]): boolean {
  return words.every((word) =>
    row.some((cell, i) => i < columns.length && cellText(cell, columns[i]!.kind).toLowerCase().includes(word)),
  );
}

export function Grid(props: GridProps) {
  const { columns, rows } = props;
  const [sort, setSort] = useState<Sort | null>(props.sort ?? null);
  const [filter, setFilter] = useState('');
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [focus, setFocus] = useState({ row: -1, column: 0 }); // row -1: the head
  const scroller = useRef<HTMLDivElement>(null);
  const wantsFocus = useRef(false);

  const order = useMemo(() => {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const list: number[] = [];
    for (let i = 0; i < rows.length; i++) if (!words.length || matches(rows[i]!, columns, words)) list.push(i);
    const by = sort ? columns.findIndex((column) => column.name === sort.name) : -1;
    if (sort && by >= 0) {
      const sign = sort.up ? 1 : -1;
      list.sort((a, b) => {
        const x = rows[a]![by];
        const y = rows[b]![by];
        const missing = Number(x === null || isUnreadable(x)) - Number(y === null || isUnreadable(y));
        return missing || sign * compareCells(x, y) || a - b;
      });
    }
    return list;
  }, [rows, columns, filter, sort]);

  const { template, least } = useMemo(() => widths(columns, rows), [columns, rows]);

  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    scroller.current?.querySelector<HTMLElement>('[data-cell="here"]')?.focus({ preventScroll: true });
  });

  const at = { row: Math.min(focus.row, order.length - 1), column: Math.min(focus.column, columns.length - 1) };
  const moveTo = (row: number, column: number) => {
    const r = Math.max(-1, Math.min(order.length - 1, row));
    const c = Math.max(0, Math.min(columns.length - 1, column));
    wantsFocus.current = true;
    setFocus({ row: r, column: c });
    const element = scroller.current!;
    if (r >= 0) {
      const y = r * ROW;
      const inner = element.clientHeight - ROW; // the head sticks
      if (y < element.scrollTop) element.scrollTop = y;
      else if (y + ROW > element.scrollTop + inner) element.scrollTop = y + ROW - inner;
      setTop(element.scrollTop);
    }
    requestAnimationFrame(() => element.querySelector('[data-cell="here"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  };

  const sortBy = (column: number) => {
    if (props.unsorted) return;
    const { name, kind } = columns[column]!;
    const numeric = isNumeric(kind);
    setSort((old) => (old?.name !== name ? { name, up: !numeric } : old.up === !numeric ? { name, up: numeric } : null));
  };

  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const moves: Record<string, [number, number]> = {
      ArrowUp: [at.row - 1, at.column],
      ArrowDown: [at.row + 1, at.column],
      ArrowLeft: [at.row, at.column - 1],
      ArrowRight: [at.row, at.column + 1],
      PageUp: [Math.max(0, at.row - page), at.column],
      PageDown: [at.row + page, at.column],
      Home: [event.ctrlKey ? 0 : at.row, 0],
      End: [event.ctrlKey ? order.length - 1 : at.row, columns.length - 1],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      moveTo(...move);
    } else if (event.key === 'Enter' || event.key === ' ') {
      if ((event.target as HTMLElement).closest('a, button')) return;
      event.preventDefault();
      const link = (event.target as HTMLElement).querySelector<HTMLElement>('button.link');
      if (at.row < 0) sortBy(at.column);
      else if (link) link.click();
      else props.onOpen?.(rows[order[at.row]!]!, order[at.row]!);
    }
  };

  const first = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
  const last = Math.min(order.length, Math.ceil((top + height) / ROW) + OVERSCAN);
  const shown = order.slice(first, last);
  const rover = at.row >= first && at.row < last ? at.row : -1; // who is reached by Tab: always in the document
  const name = props.saveAs ?? props.id;
  const chosen = () => order.map((i) => rows[i]!);

  return (
    <div class="grid-box">
      {!props.plain && (
        <div class="grid-tools">
          <input
            class="filter" type="search" placeholder="Filter rows" aria-label={`Filter ${props.label}`} value={filter}
            data-testid={`filter-${props.id}`} spellcheck={false}
            onInput={(event) => { setFilter(event.currentTarget.value); setTop(0); scroller.current!.scrollTop = 0; }}
          />
          <span class="grid-count" role="status">
            {filter ? `${countText(order.length)} of ${countText(rows.length)}` : countText(rows.length)} rows
            {props.more && <span class="gap-note"> · {props.more}</span>}
          </span>
          {props.tools}
          <span class="spacer" />
          <button type="button" class="quiet" data-testid={`csv-${props.id}`} title="Save these rows as CSV"
            onClick={() => save(toCsv(columns, chosen()), 'text/csv', `${name}.csv`)}>CSV</button>
          <button type="button" class="quiet" data-testid={`json-${props.id}`} title="Save these rows as JSON"
            onClick={() => save(toJson(columns, chosen()), 'application/json', `${name}.json`)}>JSON</button>
        </div>
      )}
      <div
        class="grid" role="grid" aria-label={props.label} aria-rowcount={order.length + 1} aria-colcount={columns.length}
        data-testid={`grid-${props.id}`} ref={scroller} onKeyDown={onKey}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div class="grid-row head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth: `${least}ch` }}>
          {columns.map((column, c) => {
            const here = rover === -1 && at.column === c;
            const sorted = sort?.name === column.name ? (sort.up ? 'ascending' : 'descending') : 'none';
            return (
              <div
                role="columnheader" key={c} aria-sort={sorted} aria-colindex={c + 1} title={column.doc}
                class={isNumeric(column.kind) ? 'number' : ''} tabIndex={here ? 0 : -1} data-cell={here ? 'here' : undefined}
                onClick={() => { sortBy(c); setFocus({ row: -1, column: c }); }}
              >
                {column.title ?? column.name}
                <span class="sort" aria-hidden="true">{sorted === 'ascending' ? '▲' : sorted === 'descending' ? '▼' : ''}</span>
              </div>
            );
          })}
        </div>
        <div class="grid-body" role="presentation" style={{ height: `${order.length * ROW}px`, minWidth: `${least}ch` }}>
          {shown.map((index, i) => {
            const r = first + i;
            const row = rows[index]!;
            return (
              <div
                class={`grid-row ${props.onOpen ? 'opens' : ''}`} role="row" key={r} aria-rowindex={r + 2}
                aria-selected={props.selected ? props.selected(row) : undefined}
                style={{ gridTemplateColumns: template, minWidth: `${least}ch`, transform: `translateY(${r * ROW}px)` }}
                onClick={(event) => {
                  const cell = (event.target as HTMLElement).closest<HTMLElement>('[role=gridcell]');
                  if (cell) setFocus({ row: r, column: Number(cell.dataset.column) });
                  if (!(event.target as HTMLElement).closest('a, button')) props.onOpen?.(row, index);
                }}
              >
                {columns.map((column, c) => {
                  const here = rover === r && at.column === c;
                  const text = row[c];
                  return (
                    <div
                      role="gridcell" key={c} aria-colindex={c + 1} data-column={c}
                      class={isNumeric(column.kind) ? 'number' : ''} tabIndex={here ? 0 : -1}
                      data-cell={here ? 'here' : undefined}
                      title={typeof text === 'string' && text.length > 12 ? visible(text.slice(0, 2000)) : undefined}
                    >
                      {props.cell?.(row, c) ?? <Linked cell={text} column={column} />}
                    </div>
                  );
                })}
              </div>
            );
          })}
        </div>
        {order.length === 0 && <p class="empty">{filter ? 'No row has that.' : 'No rows.'}</p>}
      </div>
    </div>
  );
}
