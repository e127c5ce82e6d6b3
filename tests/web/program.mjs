// The native program: what the page says is compared with what it says.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ROOT } from './browser.mjs';

const run = promisify(execFile);
export const KERNLENS = process.env.KERNLENS ?? join(ROOT, 'build/kernlens');
export const GENERATE = process.env.GENERATE ?? join(ROOT, 'build/release/corpus/generator/generate');

// What it prints; exit status 4 (a part could not be read) is an answer.
export async function ask(...args) {
  try {
    return (await run(KERNLENS, args, { maxBuffer: 2 ** 30 })).stdout;
  } catch (error) {
    if (error.code === 4) return error.stdout;
    throw error;
  }
}

// Numbers as text with a # before it: JSON.parse would round them.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
export function exactJson(line) {
  return JSON.parse(line.replace(TOKEN, (token) => (token[0] === '"' ? token : `"#${token}"`)));
}

// The rows of a table, as lines of JSON arrays: the form of PAGE_ROWS.
export async function tableLines(dump, table, parts = []) {
  const out = await ask(table, dump, ...parts.flatMap((p) => ['--part', p]), '--format', 'ndjson', '--quiet');
  return out.split('\n').slice(0, -1).map((line) => JSON.stringify(Object.values(exactJson(line))));
}

export async function generate(path, ...options) {
  await run(GENERATE, [...options, '-o', path]);
  return path;
}

// In the page: the rows of argument.table as text in the same form.
export const PAGE_ROWS = `
  const spell = (cell, kind) => {
    if (cell === null || typeof cell === 'boolean' || typeof cell === 'string') return cell;
    if (typeof cell === 'bigint') return kind === 'address' ? '0x' + cell.toString(16).padStart(16, '0') : '#' + cell;
    if (cell instanceof Uint8Array) return Array.from(cell, (b) => b.toString(16).padStart(2, '0')).join('');
    return null;
  };
  const lines = [];
  for (let offset = 0, complete = false; !complete; ) {
    const answer = await client.query({ table: argument.table, offset, limit: 20000 });
    for (const row of answer.rows) lines.push(JSON.stringify(row.map((cell, i) => spell(cell, answer.columns[i].kind))));
    offset += answer.rows.length;
    complete = answer.complete;
  }
  return lines.join('\\n');
`;
