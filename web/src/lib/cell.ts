// A cell of an answer, and its one spelling in the page, in CSV and in JSON.
import type { Cell, Unreadable } from '../protocol';

export type { Cell };

export function isUnreadable(cell: Cell | undefined): cell is Unreadable {
  return typeof cell === 'object' && cell !== null && !(cell instanceof Uint8Array);
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
export function bytesHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function addressText(value: bigint): string {
  return `0x${value.toString(16).padStart(16, '0')}`;
}

// kind: the column's, where it has one.
export function cellText(cell: Cell | undefined, kind?: string): string {
  if (cell === null || cell === undefined || isUnreadable(cell)) return '';
  if (cell instanceof Uint8Array) return bytesHex(cell);
  if (kind === 'address' && typeof cell === 'bigint') return addressText(cell);
  return String(cell);
}

// Text of a cell that is text, '' otherwise.
export function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : '';
}

export function cellNumber(cell: Cell | undefined): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell === 'string' && cell !== '') return Number(cell);
  return NaN;
}

export function cellBig(cell: Cell | undefined): bigint | null {
  try {
    if (typeof cell === 'bigint') return cell;
    if (typeof cell === 'number') return BigInt(cell);
    if (typeof cell === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(cell)) return BigInt(cell);
  } catch {
    return null;
  }
  return null;
}

function rank(cell: Cell | undefined): number {
  return cell === null || cell === undefined || isUnreadable(cell) ? 1 : 0;
}

// Order of two cells: numbers by value, text by code points, what is missing last.
export function compareCells(a: Cell | undefined, b: Cell | undefined): number {
  const missing = rank(a) - rank(b);
  if (missing || rank(a)) return missing;
  if ((typeof a === 'number' || typeof a === 'bigint') && (typeof b === 'number' || typeof b === 'bigint'))
    return a < b ? -1 : a > b ? 1 : 0;
  const x = cellText(a);
  const y = cellText(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

// CSV as RFC 4180 has it; a cell that a spreadsheet would take for a formula is
// given a leading apostrophe. Numbers of ours stay numbers, also negative ones.
function csvCell(cell: Cell | undefined, kind?: string): string {
  let text = cellText(cell, kind);
  if (typeof cell === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) || /^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export interface Named {
  name: string;
  kind?: string;
}

export function toCsv(columns: Named[], rows: Cell[][]): string {
  const lines = [columns.map((column) => csvCell(column.name)).join(',')];
  for (const row of rows) lines.push(columns.map((column, i) => csvCell(row[i], column.kind)).join(','));
  return lines.join('\r\n') + '\r\n';
}

// Integers keep all their digits: a bigint is written as the number that it is.
function jsonCell(cell: Cell | undefined, kind?: string): string {
  if (cell === null || cell === undefined || isUnreadable(cell)) return 'null';
  if (typeof cell === 'bigint' && kind !== 'address') return cell.toString();
  if (typeof cell === 'number' || typeof cell === 'boolean') return JSON.stringify(cell);
  return JSON.stringify(cellText(cell, kind));
}

export function toJson(columns: Named[], rows: Cell[][]): string {
  const lines = rows.map(
    (row) => ` {${columns.map((c, i) => `${JSON.stringify(c.name)}:${jsonCell(row[i], c.kind)}`).join(',')}}`,
  );
  return rows.length ? `[\n${lines.join(',\n')}\n]\n` : '[]\n';
}
