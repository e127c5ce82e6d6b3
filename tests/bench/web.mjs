#!/usr/bin/env node
// The viewer in Chromium, and the program on the same questions: one JSON object.
//
//   web.mjs GUEST      a captured guest: its ELF core, and 8 GiB of sparse raw memory made of it
import { copyFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inPage, lab, openClient, openPage, quit, rendererMiB } from '../web/browser.mjs';
import { ask, KERNLENS } from '../web/program.mjs';

const guest = process.argv[2] ?? 'x86_64-6.1';
const RUNS = 3;
const id = (name) => `[data-testid="${name}"]`;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (ms) => Math.round(ms);

// From the file's being given to the summary's being drawn: memory by kind is the last that it waits for.
async function dropToSummary(path) {
  const { page, frame, close } = await openPage('kernlens.html');
  const input = await frame.waitForSelector(id('file'), { state: 'attached' });
  await frame.evaluate(() => document.querySelector('[data-testid="file"]').addEventListener('change', () => (window.began = performance.now()), true));
  const drawn = frame.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => {
          if (document.querySelector('[data-testid="panel-memory"] [data-testid^="kind-"]')) resolve(performance.now() - window.began);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  await input.setInputFiles(path);
  const ms = await drawn;
  await page.waitForTimeout(3000); // until all of the summary is there
  const heap = await rendererMiB();
  await close();
  return { ms, heap };
}

async function repeat(n, once) {
  const found = [];
  for (let i = 0; i < n; i++) found.push(await once());
  return found;
}

const QUESTIONS = [
  ['pages', 'SELECT kind, count(*) FROM pages GROUP BY 1'],
  ['mappings', 'SELECT tgid, sum(bytes) FROM mappings GROUP BY 1'],
  ['symbols', "SELECT count(*) FROM symbols WHERE name LIKE 'sys%'"],
  ['page_cache', 'SELECT device, count(*) FROM page_cache GROUP BY 1'],
];

// The program's time without opening and attaching, which the page did before.
async function program(dump, text) {
  const time = async (...args) => {
    const began = performance.now();
    await ask(...args);
    return performance.now() - began;
  };
  const base = median(await repeat(RUNS, () => time('kernel', dump)));
  return median(await repeat(RUNS, () => time('sql', dump, text))) - base;
}

async function questions(dump) {
  const { frame, close } = await openClient(dump);
  await inPage(frame, 'await client.open(files())');
  const rows = [];
  for (const [name, text] of QUESTIONS) {
    const times = await inPage(
      frame,
      `const t = []; for (let i = 0; i <= ${RUNS}; i++) t.push((await client.sql({ text: argument })).milliseconds); return t`,
      text,
    );
    rows.push({ question: name, page_first_ms: round(times[0]), page_ms: round(median(times.slice(1))), program_ms: round(await program(dump, text)) });
  }
  const frames = await inPage(
    frame,
    'const b = performance.now(); let n = 0; await client.frames({ chunk: (c) => { n += c.kinds.length } }); return [n, performance.now() - b]',
  );
  const pass = await inPage(
    frame,
    `const b = performance.now(); await client.search({ needle: new Uint8Array([1,2,3,4,5,6,7,8,9,250,251,252]), space: 'f' }); return performance.now() - b`,
  );
  await close();
  return { rows, frames: { n: frames[0], ms: round(frames[1]) }, search_ms: round(pass) };
}

const scratch = mkdtempSync(join(tmpdir(), 'kernlens-bench-'));
try {
  const elf = lab(guest);
  const sparse = join(scratch, 'sparse.raw');
  copyFileSync(lab(guest, 'memory.raw'), sparse);
  truncateSync(sparse, 8 * 2 ** 30);
  await dropToSummary(elf); // the browser itself starts once
  const small = await repeat(RUNS, () => dropToSummary(elf));
  const large = await repeat(RUNS, () => dropToSummary(sparse));
  const result = {
    guest,
    elf_to_summary_ms: round(median(small.map((r) => r.ms))),
    elf_renderer_mib: round(Math.max(...small.map((r) => r.heap))),
    raw_8g_to_summary_ms: round(median(large.map((r) => r.ms))),
    raw_8g_renderer_mib: round(Math.max(...large.map((r) => r.heap))),
    program: KERNLENS.replace(/.*\//, ''),
    ...(await questions(elf)),
  };
  console.log(JSON.stringify(result, null, 1));
} finally {
  await quit();
  rmSync(scratch, { recursive: true });
}
