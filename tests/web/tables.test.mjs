// Every table in the page has the rows that the program prints; and so in every container.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { inPage, lab, openClient, quit, ROOT } from './browser.mjs';
import { ask, PAGE_ROWS, tableLines } from './program.mjs';

const GUEST = 'x86_64-6.1';
const OTHER_GUEST = 'arm64-6.12';
// One of each way to store a page; all of them: KERNLENS_WEB_CONTAINERS=all.
const SOME = ['raw', 'lime', 'avml', 'kdump-zlib', 'kdump-lzo', 'kdump-snappy', 'kdump-zstd', 'flattened', 'makedumpfile-split'];
const ALL = [...SOME, 'padded', 'elf-vmcoreinfo', 'elf-version-0', 'elf-many-headers', 'kdump-none', 'kdump-zstd-no-zeros',
  'makedumpfile-filtered', 'makedumpfile-elf'];
const CONTAINERS = process.env.KERNLENS_WEB_CONTAINERS === 'all' ? ALL : SOME;
// Of all subjects, and among them what reads most of memory.
const TABLES = ['kernel', 'segments', 'tasks', 'vmas', 'page_cache', 'memory_summary', 'bpf_entries', 'log'];

const scratch = mkdtempSync(join(tmpdir(), 'kernlens-web-'));
after(async () => {
  await quit();
  rmSync(scratch, { recursive: true });
});

async function compare(frame, dump, parts, table) {
  const expected = await tableLines(dump, table, parts);
  const text = await inPage(frame, PAGE_ROWS, { table });
  const found = text === '' ? [] : text.split('\n');
  const first = expected.findIndex((line, i) => line !== found[i]);
  assert.equal(found[first], expected[first], `${table}: row ${first} of ${expected.length}`);
  assert.equal(found.length, expected.length, `${table}: rows`);
  return found.length;
}

async function attached(frame) {
  return inPage(frame, 'return client.open(files()).then((o) => ({ attached: o.attached, container: o.container, trouble: o.trouble }))');
}

// The first table that is asked is diagnostics: it tells of all that was asked before.
async function tableNames() {
  const names = JSON.parse(await ask('tables', '--format', 'json')).map((row) => row.table);
  return ['diagnostics', ...[...new Set(names)].filter((name) => name !== 'diagnostics')];
}

for (const guest of [GUEST, OTHER_GUEST]) {
  test(`every table of ${guest}`, async (t) => {
    const dump = lab(guest);
    const { frame, errors, close } = await openClient(dump);
    assert.equal((await attached(frame)).attached, true);
    let rows = 0;
    for (const table of await tableNames())
      await t.test(table, async () => {
        rows += await compare(frame, dump, [], table);
      });
    assert.ok(rows > 100_000, `only ${rows} rows were compared`);
    assert.deepEqual(errors, []);
    await close();
  });
}

function convert(container) {
  const out = join(scratch, container);
  execFileSync(join(ROOT, 'tests/lab/lab'), ['convert', lab(GUEST), container, out], { stdio: 'pipe' });
  if (existsSync(out)) return [out];
  return readdirSync(scratch).filter((name) => name.startsWith(`${container}.`)).sort().map((name) => join(scratch, name));
}

for (const container of CONTAINERS) {
  test(`${GUEST} as ${container}`, async () => {
    const files = convert(container);
    try {
      const { frame, close } = await openClient(files);
      const opened = await attached(frame);
      assert.equal(opened.attached, true, JSON.stringify(opened));
      for (const table of TABLES) await compare(frame, files[0], files.slice(1), table);
      await close();
    } finally {
      for (const file of files) rmSync(file);
    }
  });
}
