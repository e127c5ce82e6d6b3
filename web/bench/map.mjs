// Measures the memory map in Chromium with synthetic frames: how long the
// picture takes, frames of the screen while panning and zooming, and hovering.
//
//   node bench/map.mjs [FRAMES] [--scale N]      16,777,216 (64 GiB) unless told
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const frames = Number(process.argv[2] ?? 2 ** 24);
const out = mkdtempSync(join(tmpdir(), 'kernlens-map-bench-'));
const bundle = (entry, name) =>
  buildSync({ entryPoints: [join(here, entry)], bundle: true, minify: true, outfile: join(out, name), jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning' });

try {
  bundle('map_page.tsx', 'page.js');
  bundle('../src/style.css', 'page.css');
  writeFileSync(join(out, 'index.html'), '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><div id="app"></div><script src="page.js"></script>');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('pageerror', (error) => console.error(error));
    await page.goto(`file://${join(out, 'index.html')}`);
    const result = await page.evaluate((n) => globalThis.bench(n), frames);
    console.log(`${frames.toLocaleString('en-US')} frames, ${await browser.version()}, ${cpus()[0]?.model}, no GPU`);
    for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(34)} ${value}`);
  } finally {
    await browser.close();
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
