// The viewer as a person uses it: views by mouse and by keyboard, what it asks of the network, and
// what it looks like (build/web/screenshots).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { BUILT, lab, openPage, quit, ROOT } from './browser.mjs';
import { ask, exactJson } from './program.mjs';

const AXE = readFileSync(createRequire(join(ROOT, 'web/package.json')).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = join(BUILT, 'screenshots');
const VIEWS = ['summary', 'map', 'processes', 'files', 'bpf', 'types', 'bytes', 'ask'];
const KEYS = { summary: '0', map: '1', processes: '2', files: '3', bpf: '4', types: '5', bytes: '6', ask: '7' };
const PATIENCE = 30_000;
const GUEST = 'x86_64-6.1';

const scratch = mkdtempSync(join(tmpdir(), 'kernlens-web-'));
before(() => mkdirSync(SHOTS, { recursive: true }));
after(async () => {
  await quit();
  rmSync(scratch, { recursive: true });
});

const id = (name) => `[data-testid="${name}"]`;

async function openDump(path, options) {
  const opened = await openPage('kernlens.html', options);
  await (await opened.frame.waitForSelector(id('file'), { state: 'attached' })).setInputFiles([path].flat());
  await opened.frame.waitForSelector(id('view-summary'), { timeout: PATIENCE });
  return opened;
}

// Until nothing in the view says that it is busy.
async function settle({ page, frame }) {
  await frame.waitForFunction(() => !document.querySelector('[aria-busy="true"]'), undefined, { timeout: PATIENCE }).catch(() => undefined);
  await page.waitForTimeout(300);
}

async function show(opened, view) {
  await opened.frame.click(id(`nav-${view}`));
  await opened.frame.waitForSelector(id(`view-${view}`), { timeout: PATIENCE });
  await settle(opened);
}

async function violations(frame) {
  await frame.evaluate(AXE); // by the debugger: the policy binds the page, not it
  const result = await frame.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`);
}

// ── Views ──────────────────────────────────────────────────────────────────

for (const colorScheme of ['light', 'dark']) {
  test(`every view in ${colorScheme}: it shows something, no violation of WCAG AA, no error`, async (t) => {
    const opened = await openDump(lab(GUEST), { colorScheme });
    for (const view of VIEWS) {
      await t.test(view, async () => {
        await show(opened, view);
        await opened.page.screenshot({ path: join(SHOTS, `${view}-${colorScheme}.png`) });
        assert.equal(await opened.frame.locator(id('problem')).count(), 0);
        assert.deepEqual(await violations(opened.frame), []);
      });
    }
    assert.deepEqual(opened.errors, []);
    assert.deepEqual(opened.requests, []);
    await opened.close();
  });
}

test('every view by its key alone, and help', async () => {
  const opened = await openDump(lab(GUEST));
  const { page, frame, errors, close } = opened;
  await frame.locator('h1').first().click(); // a browser without a window gives no frame the focus by itself
  await page.keyboard.press('?');
  await frame.waitForSelector(id('dialog-help'));
  await page.keyboard.press('Escape');
  await frame.waitForSelector(id('dialog-help'), { state: 'hidden' });
  for (const view of [...VIEWS].reverse()) {
    await page.keyboard.press(KEYS[view]);
    await frame.waitForSelector(id(`view-${view}`), { timeout: PATIENCE });
  }
  await page.keyboard.press('g');
  await frame.waitForFunction(() => document.activeElement?.dataset.testid === 'address', undefined, { timeout: PATIENCE });
  await page.keyboard.type('v:linux_banner');
  await page.keyboard.press('Enter');
  await frame.waitForSelector(id('view-bytes'), { timeout: PATIENCE });
  await frame.waitForFunction(() => document.querySelector('[data-testid="hex"]')?.textContent?.includes('Linux'), undefined, { timeout: PATIENCE });
  assert.deepEqual(errors, []);
  await close();
});

test('a drop opens a dump; the view is in the address, and comes back from it', async () => {
  const { page, frame, close } = await openPage('kernlens.html');
  const dump = join(BUILT, '..', 'sample.elf');
  const packed = gzipSync(readFileSync(dump)).toString('base64'); // a sample is nearly all zeros
  await frame.waitForSelector(id('drop'));
  await frame.evaluate(async (text) => {
    const bytes = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream();
    const file = new File([await new Response(bytes.pipeThrough(new DecompressionStream('gzip'))).blob()], 'dropped.elf');
    const data = new DataTransfer();
    data.items.add(file);
    const drop = document.querySelector('[data-testid="drop"]');
    for (const type of ['dragenter', 'dragover', 'drop']) drop.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }, packed);
  await frame.waitForSelector(id('view-summary'), { timeout: PATIENCE });
  await frame.click(id('nav-processes'));
  await frame.waitForSelector(id('view-processes'), { timeout: PATIENCE });
  await page.waitForFunction(() => location.hash.includes('processes'));
  await frame.click(id('nav-ask'));
  await frame.waitForSelector(id('view-ask'), { timeout: PATIENCE });
  await page.goBack();
  await frame.waitForSelector(id('view-processes'), { timeout: PATIENCE });
  await close();
});

test('the built-in sample opens from the one file on disk', async () => {
  const opened = await openPage('kernlens.html');
  await opened.page.screenshot({ path: join(SHOTS, 'welcome.png') });
  assert.deepEqual(await violations(opened.frame), []);
  await opened.frame.click(id('sample'));
  await opened.frame.waitForSelector(id('view-summary'), { timeout: PATIENCE });
  assert.deepEqual(opened.errors, []);
  assert.deepEqual(opened.requests, []);
  await opened.close();
});

test('a file that is no dump says so, and the next one opens', async () => {
  const path = join(scratch, 'none.bin');
  writeFileSync(path, 'not a dump\n'.repeat(10_000));
  const { frame, page, errors, close } = await openPage('kernlens.html');
  await (await frame.waitForSelector(id('file'), { state: 'attached' })).setInputFiles(path);
  await frame.waitForSelector(`${id('problem')}, ${id('view-summary')}`, { timeout: PATIENCE });
  await page.screenshot({ path: join(SHOTS, 'no-dump.png') });
  const said = await frame.locator(id('app')).or(frame.locator('#app')).first().textContent();
  assert.match(said, /no |not |cannot|can’t|could/i);
  if (await frame.locator(id('close')).count()) await frame.click(id('close'));
  await (await frame.waitForSelector(id('file'), { state: 'attached' })).setInputFiles(lab(GUEST));
  await frame.waitForSelector(id('view-summary'), { timeout: PATIENCE });
  await frame.waitForSelector(id('panel-memory'), { timeout: PATIENCE });
  assert.deepEqual(errors, []);
  await close();
});

// ── Hostile names ──────────────────────────────────────────────────────────

test('names of the guest are text: no element comes of them, and nothing in them is hidden', async () => {
  const dump = lab(GUEST);
  const names = (await ask('tasks', dump, '--columns', 'comm', '--format', 'ndjson')).split('\n').slice(0, -1).map((l) => exactJson(l).comm);
  const odd = names.filter((name) => /[<>&"'\\\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/.test(name));
  assert.ok(odd.length > 0, 'the guest has no odd names');
  const opened = await openDump(dump);
  const { page, frame, errors, close } = opened;
  await show(opened, 'ask');
  await frame.fill(id('sql'), "SELECT comm, '<img src=x onerror=alert(1)>' || char(8238) || 'txt.exe' AS made FROM tasks");
  await frame.click(id('sql-run'));
  await frame.waitForSelector(id('grid-answer'), { timeout: PATIENCE });
  await settle(opened);
  await page.screenshot({ path: join(SHOTS, 'hostile.png') });
  const grid = frame.locator(id('grid-answer'));
  const text = await grid.textContent();
  assert.ok(text.includes('<img src=x onerror=alert(1)>'), text.slice(0, 500));
  assert.ok(!/[\u202a-\u202e\u200b\u0000-\u0008]/.test(text));
  assert.equal(await frame.locator(`${id('grid-answer')} img, ${id('grid-answer')} script, ${id('grid-answer')} a[href]`).count(), 0);
  assert.deepEqual(errors, []);
  await close();
});

// ── The promise ────────────────────────────────────────────────────────────

test('nothing can be sent: not by the page, not by its worker, from disk or from a server', async () => {
  let asked = 0;
  const sink = createServer((request, response) => {
    asked++;
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => sink.on('listening', resolve));
  const target = `http://127.0.0.1:${sink.address().port}/`;
  const served = spawn(join(ROOT, 'web/serve.mjs'), [join(BUILT, 'static'), '0']);
  const address = await new Promise((resolve) => served.stdout.on('data', (text) => resolve(/http:\S+/.exec(String(text))[0])));
  try {
    for (const from of ['kernlens.html', address]) {
      const { page, frame, requests, close } = await openPage(from);
      await (await frame.waitForSelector(id('file'), { state: 'attached' })).setInputFiles(lab(GUEST));
      await frame.waitForSelector(id('view-summary'), { timeout: PATIENCE });
      assert.deepEqual(requests, [], from); // all of opening and summing up
      const attempts = `(async () => {
        const tries = [
          () => fetch('${target}fetch'), () => fetch('${target}no-cors', { mode: 'no-cors', method: 'POST', body: 'x' }),
          () => new Promise((resolve, reject) => { const s = new WebSocket('${target.replace('http', 'ws')}'); s.onopen = resolve; s.onerror = reject; }),
          () => import('${target}module'),
          () => { if (!self.XMLHttpRequest) throw 0; const x = new XMLHttpRequest(); x.open('GET', '${target}xhr', false); x.send(); },
          () => { if (!self.importScripts) throw 0; importScripts('${target}script'); },
          () => { if (!self.document) throw 0; return new Promise((resolve, reject) => { const i = new Image(); i.onload = resolve; i.onerror = reject; i.src = '${target}image'; }); },
        ];
        const done = [];
        for (const [i, attempt] of tries.entries()) try { await attempt(); done.push(i); } catch {}
        if (self.navigator?.sendBeacon) navigator.sendBeacon('${target}beacon', 'x');
        return done;
      })()`;
      assert.deepEqual(await frame.evaluate(attempts), [], `${from}: the page`);
      assert.ok(page.workers().length > 0);
      for (const worker of page.workers()) assert.deepEqual(await worker.evaluate(attempts), [], `${from}: a worker`);
      // Navigation of the top, by which bytes could leave in an address.
      await frame.evaluate(`(() => { try { top.location = '${target}top'; } catch {} try { window.open('${target}popup'); } catch {} })()`);
      await page.waitForTimeout(300);
      assert.ok(!page.url().startsWith(target));
      await close();
    }
    assert.equal(asked, 0);
  } finally {
    served.kill();
    sink.close();
  }
});

test('the page is under 1 MB compressed, sample included', () => {
  assert.ok(gzipSync(readFileSync(join(BUILT, 'kernlens.html')), { level: 9 }).length < 1_000_000);
});
