// The worker: large files, damaged ones, cancelling, and questions that are not rows.
import assert from 'node:assert/strict';
import { closeSync, copyFileSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { inPage, lab, openClient, quit, rendererMiB } from './browser.mjs';
import { ask, exactJson, generate, PAGE_ROWS, tableLines } from './program.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'kernlens-web-'));
const demo = join(scratch, 'demo.elf');
before(() => generate(demo, '--machine', 'demo'));
after(async () => {
  await quit();
  rmSync(scratch, { recursive: true });
});

const OPEN = 'const opened = await client.open(files());';

async function same(frame, dump, table) {
  const text = await inPage(frame, PAGE_ROWS, { table });
  assert.deepEqual(text.split('\n'), await tableLines(dump, table), table);
}

// ── Large files ────────────────────────────────────────────────────────────

// The demo's ELF core with the bytes of every segment moved behind 5 GiB.
function moveBehind(source, target, offset) {
  const core = readFileSync(source);
  const headers = Number(core.readBigUInt64LE(32));
  const count = core.readUInt16LE(56);
  const file = openSync(target, 'w');
  const head = Buffer.from(core.subarray(0, headers + count * 56));
  for (let i = 0; i < count; i++) {
    const header = headers + i * 56;
    const at = Number(core.readBigUInt64LE(header + 8));
    const bytes = Number(core.readBigUInt64LE(header + 32));
    head.writeBigUInt64LE(BigInt(at + offset), header + 8);
    writeSync(file, core, at, bytes, at + offset);
  }
  writeSync(file, head, 0, head.length, 0);
  closeSync(file);
}

test('a file of more than 4 GiB: offsets do not wrap', async () => {
  const large = join(scratch, 'large.elf');
  moveBehind(demo, large, 5 * 2 ** 30);
  assert.ok(statSync(large).size > 5 * 2 ** 30);
  const { frame, close } = await openClient(large);
  await inPage(frame, OPEN);
  for (const table of ['kernel', 'segments', 'tasks', 'pages', 'page_cache', 'bpf_entries']) await same(frame, large, table);
  const bytes = await inPage(
    frame,
    `${OPEN} const { bytes, ranges } = await client.read({ space: 'f', address: ${5 * 2 ** 30 + 64}n }, 64); return [[...bytes].join(), ranges[0].state]`,
  );
  const file = openSync(large, 'r');
  const expected = Buffer.alloc(64);
  (await import('node:fs')).readSync(file, expected, 0, 64, 5 * 2 ** 30 + 64);
  closeSync(file);
  assert.deepEqual(bytes, [[...expected].join(), 'present']);
  await close();
});

// Writes a mark into an ELF core, over zeros, so that it lies on both sides of the border between
// two workers: the middle of its memory, down to a multiple of 4 MiB. Its physical address.
const MARK = Buffer.from('across the border');
function markBorder(path) {
  const core = readFileSync(path);
  const headers = Number(core.readBigUInt64LE(32));
  const loads = Array.from({ length: core.readUInt16LE(56) }, (_, i) => headers + i * 56)
    .filter((at) => core.readUInt32LE(at) === 1)
    .map((at) => ({ offset: core.readBigUInt64LE(at + 8), start: core.readBigUInt64LE(at + 24), bytes: core.readBigUInt64LE(at + 32) }));
  let border = (loads.reduce((n, load) => n + load.bytes, 0n) / 2n / (4n << 20n)) * (4n << 20n);
  assert.ok(border > 0n);
  const load = loads.find(({ bytes }) => (border < bytes ? true : ((border -= bytes), false)));
  const at = border - 5n;
  const there = core.subarray(Number(load.offset + at), Number(load.offset + at) + MARK.length);
  assert.ok(there.every((byte) => byte === 0), 'something lies there');
  MARK.copy(there);
  writeFileSync(path, core);
  return load.start + at;
}

test('a pass that two workers share finds what one finds, and tells how far it is', async () => {
  const small = join(scratch, 'small.elf');
  const large = join(scratch, 'large.elf');
  copyFileSync(demo, small);
  const mark = markBorder(small);
  moveBehind(small, large, 2 ** 30); // from 1 GiB on passes are shared
  const answers = [];
  for (const dump of [small, large]) {
    const { page, frame, close } = await openClient(dump);
    answers.push(
      await inPage(
        frame,
        `${OPEN}
         const told = [];
         const search = async (text, limit) => {
           const query = { needle: new TextEncoder().encode(text), space: 'p', ...(limit && { limit }) };
           const { addresses, complete } = await client.search(query, undefined, { progress: (p) => told.push(p) });
           return [addresses.map(String).join(), complete];
         };
         const chunks = [];
         let begun = 0;
         const kinds = await client.frames({ kinds: () => begun++, chunk: (c) => chunks.push(c) });
         chunks.sort((a, b) => a.startPfn - b.startPfn);
         const frames = [];
         for (const c of chunks) for (const k of c.kinds) frames.push(k);
         return {
           same: { across: await search('across the border'), many: await search('fo'), few: await search('\\0\\0', 5), frames: frames.join(), names: kinds.names },
           begun,
           told: told.length > 0 && told.every((p) => p.done > 0 && p.bytesPerSecond >= 0 && (p.total === 0 || p.done <= p.total)) && told.at(-1).total > 0,
         }`,
      ),
    );
    answers.at(-1).workers = page.workers().length;
    await close();
  }
  assert.deepEqual(answers[1].same, answers[0].same);
  for (const { same, begun, told } of answers) {
    assert.deepEqual(same.across, [String(mark), true]);
    assert.deepEqual([same.few[0].split(',').length, same.few[1]], [5, false]);
    assert.deepEqual([begun, told], [1, true]);
  }
  assert.deepEqual(answers.map((answer) => answer.workers), [2, 3]);
});

// ── Memory ─────────────────────────────────────────────────────────────────

test('what a small dump does not need of the room for a large one is never touched', async () => {
  await quit(); // renderers of other tests
  const { frame, close } = await openClient(demo);
  const before = await rendererMiB();
  await inPage(frame, `${OPEN} await client.query({ table: 'pages' })`);
  const took = (await rendererMiB()) - before;
  assert.ok(took > 0 && took < 64, `${Math.round(took)} MiB`);
  await close();
});

// ── Damage ─────────────────────────────────────────────────────────────────

const damaged = {
  'an empty file': (path) => writeFileSync(path, ''),
  'a text file': (path) => writeFileSync(path, 'no dump at all\n'.repeat(5000)),
  'random bytes': (path) => writeFileSync(path, Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 2654435761) >>> 11 & 255))),
  'a dump cut in half': (path) => {
    copyFileSync(demo, path);
    truncateSync(path, statSync(demo).size / 2);
  },
  'headers that point anywhere': (path) => {
    copyFileSync(demo, path);
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4096, 0xff), 0, 4032, 64);
    closeSync(file);
  },
  'a kdump header alone': (path) => {
    writeFileSync(path, Buffer.concat([Buffer.from('KDUMP   \x06\0\0\0'), Buffer.alloc(70000, 0xa5)]));
  },
};

for (const [what, make] of Object.entries(damaged)) {
  test(`${what}: an error that says something, and the page lives`, async () => {
    const path = join(scratch, 'damaged');
    make(path);
    const { frame, errors, close } = await openClient([path, demo]);
    const said = await inPage(
      frame,
      `const [bad, good] = files();
       const first = await client.open(bad).then((o) => (o.attached ? 'attached' : o.trouble.message), (e) => e.message);
       const second = (await client.open(good)).attached;
       return [first, second, (await client.query({ table: 'tasks' })).rows.length > 0]`,
    );
    assert.notEqual(said[0], '');
    if (what !== 'a dump cut in half') assert.notEqual(said[0], 'attached');
    assert.deepEqual(said.slice(1), [true, true]);
    assert.deepEqual(errors, []);
    await close();
    rmSync(path);
  });
}

test('a file that shrinks while it is open is an error, not zeros', async () => {
  const path = join(scratch, 'shrinks.elf');
  copyFileSync(demo, path);
  const { frame, close } = await openClient(path);
  await inPage(frame, OPEN);
  const file = openSync(path, 'r+');
  ftruncateSync(file, 4096);
  closeSync(file);
  const said = await inPage(
    frame,
    `const r = await client.read({ space: 'f', address: 1048576n }, 4096); return r.ranges.map((x) => x.state)`,
  );
  assert.deepEqual(said, ['error']);
  await close();
});

// ── Cancelling ─────────────────────────────────────────────────────────────

test('cancelling ends a statement that would run for hours, and what else was asked is answered', async () => {
  const { frame, close } = await openClient(lab('x86_64-6.1'));
  const said = await inPage(
    frame,
    `${OPEN}
     const stop = new AbortController();
     const began = performance.now();
     const endless = client.sql({ text: 'SELECT count(*) FROM symbols a, symbols b, symbols c' }, { signal: stop.signal });
     const other = client.query({ table: 'tasks', limit: 1 });
     setTimeout(() => stop.abort(), 100);
     const how = await endless.then(() => 'finished', (e) => e.name);
     const ended = performance.now() - began;
     const rows = (await other).rows.length;
     const again = (await client.sql({ text: 'SELECT count(*) FROM tasks' })).rows[0][0] > 0n;
     return [how, ended < 20_000, rows, again]`,
  );
  assert.deepEqual(said, ['Cancelled', true, 1, true]);
  await close();
});

test('cancelling a pass over all frames and a search', async () => {
  const { frame, close } = await openClient(lab('x86_64-6.1'));
  const said = await inPage(
    frame,
    `${OPEN}
     const found = [];
     for (const start of [
       (options) => client.frames({ chunk: () => stop.abort() }, options),
       (options) => client.search({ needle: new Uint8Array([0x13, 0x37, 0xfe, 0xed]), space: 'p' }, undefined, options),
     ]) {
       var stop = new AbortController();
       setTimeout(() => stop.abort(), 150);
       found.push(await start({ signal: stop.signal }).then(() => 'finished', (e) => e.name));
     }
     return found`,
  );
  assert.deepEqual(said, ['Cancelled', 'Cancelled']);
  await close();
});

test('cancelling while a dump is opened', async () => {
  const { frame, close } = await openClient(lab('x86_64-6.1'));
  const said = await inPage(
    frame,
    `const stop = new AbortController();
     const long = new File(Array(4).fill(new Uint8Array(32 << 20).fill(0x81)), 'x'); // all of it is searched for a kernel
     setTimeout(() => stop.abort(), 20);
     const how = await client.open([long], { signal: stop.signal }).then(() => 'opened', (e) => e.name);
     return [how, (await client.open(files())).attached]`,
  );
  assert.deepEqual(said, ['Cancelled', true]);
  await close();
});

test('rows are given in windows that meet', async () => {
  const { frame, close } = await openClient(demo);
  const said = await inPage(
    frame,
    `${OPEN}
     const text = (rows) => rows.map((r) => r.map(String).join('|'));
     const whole = text((await client.query({ table: 'pages', columns: ['pfn', 'kind'] })).rows);
     const pieces = [];
     for (let offset = 0, complete = false; !complete; offset = pieces.length) {
       const part = await client.query({ table: 'pages', columns: ['pfn', 'kind'], offset, limit: 777 });
       pieces.push(...text(part.rows));
       complete = part.complete;
     }
     const back = text((await client.query({ table: 'pages', columns: ['kind', 'pfn'], offset: 100, limit: 3 })).rows);
     return [whole.length > 777, whole.join() === pieces.join(), back.join() === whole.slice(100, 103).map((r) => r.split('|').reverse().join('|')).join()]`,
  );
  assert.deepEqual(said, [true, true, true]);
  await close();
});

// ── Questions that are not rows ────────────────────────────────────────────

test('frames: a byte for each, as the table pages says', async () => {
  const dump = lab('x86_64-6.1');
  const { frame, close } = await openClient(dump);
  const said = await inPage(
    frame,
    `${OPEN}
     const counts = {};
     let names, bytes = 0, expected = 0;
     const done = await client.frames({
       kinds: (k) => { names = [...k.names]; expected = k.runs.reduce((n, r) => n + r.end - r.start, 0); },
       chunk: ({ kinds }) => { bytes += kinds.length; for (const k of kinds) counts[names[k & 31]] = (counts[names[k & 31]] ?? 0) + 1; },
     });
     return [counts, bytes === expected, done.pageBytes]`,
  );
  const summary = (await tableLines(dump, 'memory_summary')).map((line) => JSON.parse(line));
  for (const [kind, pages] of summary) assert.equal(`#${said[0][kind] ?? 0}`, pages, kind);
  assert.equal(said[1], true);
  assert.equal(said[2], 4096);
  await close();
});

test('frames that were filtered are marked', async () => {
  const dump = await generate(join(scratch, 'kdump'), '--machine', 'demo', '--container', 'kdump');
  const segments = (await ask('segments', dump, 'state=filtered', '--format', 'ndjson')).split('\n').slice(0, -1).map(exactJson);
  const { frame, close } = await openClient(dump);
  const filtered = await inPage(
    frame,
    `${OPEN} let n = 0; await client.frames({ chunk: ({ kinds }) => { for (const k of kinds) n += k >> 7; } }); return n`,
  );
  const expected = segments.reduce((n, s) => n + Number(BigInt(s.end) - BigInt(s.start)) / 4096, 0);
  assert.ok(expected > 0);
  assert.equal(filtered, expected);
  await close();
});

test('one frame: its owner, its users, where its bytes are', async () => {
  const dump = lab('x86_64-6.1');
  const mapped = exactJson((await ask('mappings', dump, 'kind=file', '--format', 'ndjson', '--limit', '1')).split('\n')[0]);
  const pfn = Number(mapped.pfn.slice(1));
  const { frame, close } = await openClient(dump);
  const said = await inPage(
    frame,
    `${OPEN} const f = await client.frame(${pfn}, true);
     return { state: f.state, kind: f.page.kind, owner: f.page.owner, users: f.users.map((u) => '#' + u.tgid), complete: f.usersComplete }`,
  );
  const page = exactJson((await ask('pages', dump, `pfn=${pfn}`, '--format', 'ndjson')).split('\n')[0]);
  const users = (await tableLines(dump, 'page_users')).map((line) => JSON.parse(line)).filter((row) => row[0] === `#${pfn}`);
  assert.equal(said.state, 'present');
  assert.equal(said.kind, page.kind);
  assert.equal(said.owner, page.owner);
  assert.deepEqual(said.users, users.map((row) => row[1]));
  assert.equal(said.complete, true);
  await close();
});

test('addresses, symbols, bytes, translations and types are those of the program', async () => {
  const dump = lab('x86_64-6.1');
  const [symbol] = (await ask('symbols', dump, 'name=linux_banner', '--format', 'ndjson')).split('\n');
  const address = JSON.parse(symbol).address;
  const raw = (await ask('read', dump, 'linux_banner', '64', '--format', 'ndjson')).split('\n').slice(0, -1);
  const declared = await ask('struct', dump, 'task_struct');
  const value = await ask('struct', dump, 'task_struct.comm', 'init_task', '--format', 'json');
  const { frame, close } = await openClient(dump);
  const said = await inPage(
    frame,
    `${OPEN}
     const { place, symbol } = await client.resolve('linux_banner');
     const { bytes, ranges } = await client.read(place, 64);
     const t = await client.translate(place);
     const physical = await client.read({ space: 'p', address: t.physical }, 64);
     const init = await client.resolve('v:init_task');
     return {
       address: '0x' + place.address.toString(16).padStart(16, '0'), symbol,
       hex: [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(''),
       states: ranges.map((r) => r.state), same: physical.bytes.join() === bytes.join(),
       arithmetic: (await client.resolve('p:0x1000+16-0x10')).place.address === 0x1000n,
       file: (await client.resolve('f:0x20')).place.space,
       gap: (await client.read({ space: 'p', address: 1n << 45n }, 4096)).ranges.map((r) => r.state),
       hole: (await client.read({ space: 'v', pid: 1n, address: 8n }, 16)).ranges.map((r) => r.state),
       declared: (await client.struct('task_struct')).text,
       value: (await client.value('task_struct.comm', init.place)).json,
       wrong: await client.resolve('no_such_symbol_here').catch((e) => e.message),
     }`,
  );
  assert.equal(said.address, address);
  assert.equal(said.symbol, 'linux_banner');
  assert.equal(said.hex, raw.map((line) => JSON.parse(line).bytes).join(''));
  assert.deepEqual(said.states, ['present']);
  assert.equal(said.same, true);
  assert.equal(said.arithmetic, true);
  assert.equal(said.file, 'f');
  assert.deepEqual(said.gap, ['absent']);
  assert.deepEqual(said.hole, ['unmapped']);
  assert.equal(said.declared.trim(), declared.trim());
  assert.deepEqual(JSON.parse(said.value), JSON.parse(value));
  assert.match(said.wrong, /no symbol/);
  await close();
});

test('search finds what is there, across the borders of its pieces', async () => {
  const dump = lab('x86_64-6.1');
  const { frame, close } = await openClient(dump);
  // A needle that lies across a border of 4 MiB, read from the dump itself.
  const said = await inPage(
    frame,
    `${OPEN}
     const { rows } = await client.query({ table: 'segments', columns: ['start', 'end'] });
     const start = rows.find(([s, e]) => e - s > 64n << 20n)[0];
     let at = start;
     let needle;
     for (let i = 1n; ; i++) {
       at = start + i * (4n << 20n) - 7n;
       needle = (await client.read({ space: 'p', address: at }, 24)).bytes;
       if (new Set(needle).size > 12) break;
     }
     const hits = await client.search({ needle, space: 'p' });
     const banner = await client.search({ needle: new TextEncoder().encode('Linux version '), space: 'f', limit: 5 });
     return [hits.complete, hits.addresses.includes(at), new Set(hits.addresses).size === hits.addresses.length, banner.addresses.length > 0]`,
  );
  assert.deepEqual(said, [true, true, true, true]);
  await close();
});

test('a cached file is what the program extracts; what is not cached is named', async () => {
  const dump = lab('x86_64-6.1');
  const files = (await ask('inodes', dump, 'kind=regular', 'cached_pages>0', '--format', 'ndjson')).split('\n').slice(0, -1).map(exactJson);
  const small = files.find((f) => f.path && Number(f.bytes.slice(1)) > 10000 && Number(f.bytes.slice(1)) < 3e6);
  const out = join(scratch, 'extracted');
  await ask('extract', dump, '--inode', `${small.device}:${small.inode.slice(1)}`, '-o', out);
  const { frame, close } = await openClient(dump);
  const said = await inPage(
    frame,
    `${OPEN}
     const { blob, name, missing } = await client.extract({ device: argument.device, inode: BigInt(argument.inode) });
     return { bytes: btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (b) => String.fromCharCode(b)).join('')), name, missing: missing.length }`,
    { device: small.device, inode: small.inode.slice(1) },
  );
  assert.ok(Buffer.from(said.bytes, 'base64').equals(readFileSync(out)), small.path);
  assert.match(said.name, /^[\w.-]+$/);
  await close();
});

test('SQL: values, parameters, errors, and nothing but reading', async () => {
  const { frame, close } = await openClient(demo);
  const said = await inPage(
    frame,
    `${OPEN}
     const fail = (text) => client.sql({ text }).then(() => 'no error', (e) => e.message);
     const one = await client.sql({ text: 'SELECT 1, 2.5, NULL, ?, ? + 0', parameters: ["it's", 1n << 62n] });
     const many = await client.sql({ text: 'SELECT pfn FROM pages', limit: 10 });
     return {
       row: one.rows[0].map(String), columns: one.columns.length, many: [many.rows.length, many.complete],
       regexp: (await client.sql({ text: "SELECT 'kernlens' REGEXP '^k.*s$'" })).rows[0].map(String),
       syntax: await fail('SELEC'), two: await fail('SELECT 1; SELECT 2'), write: await fail('CREATE TABLE t(x)'),
       attach: await fail("ATTACH 'x' AS y"), none: await fail('SELECT * FROM no_such_table'),
     }`,
  );
  assert.deepEqual(said.row, ['1', '2.5', 'null', "it's", String(2n ** 62n)]);
  assert.equal(said.columns, 5);
  assert.deepEqual(said.many, [10, false]);
  assert.deepEqual(said.regexp, ['1']);
  for (const what of ['syntax', 'two', 'write', 'attach', 'none']) assert.notEqual(said[what], 'no error', what);
  assert.match(said.none, /no such table/);
  await close();
});
