#!/usr/bin/env node
// The viewer's tests, in real Chromium.
//
//   run.mjs [NAME...]     tables, worker, page; all of them without a name
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (!wanted.length || wanted.includes(name.replace('.test.mjs', ''))))
  .map((name) => join(here, name));

let passed = 0;
let failed = 0;
const leaf = (data) => data.details?.type !== 'suite' && !files.includes(data.name);

run({ files, concurrency: 1, timeout: 900_000 })
  .on('test:pass', (data) => {
    if (!leaf(data)) return;
    passed++;
    console.log(`ok      ${'  '.repeat(data.nesting)}${data.name} (${Math.round(data.details.duration_ms)} ms)`);
  })
  .on('test:fail', (data) => {
    if (!leaf(data)) return;
    failed++;
    const { error } = data.details;
    console.log(`FAILED  ${'  '.repeat(data.nesting)}${data.name}\n${error.cause?.stack ?? error.cause?.message ?? error.message}`);
  })
  .on('test:stderr', (data) => process.stdout.write(data.message))
  .on('end', () => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed || !passed ? 1 : 0;
  })
  .resume();
