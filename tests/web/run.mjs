#!/usr/bin/env node
// The viewer's tests, in real Chromium.
//
//   run.mjs [NAME...]     tables, worker, page; all of them without a name
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (!wanted.length || wanted.includes(name.replace('.test.mjs', ''))))
  .map((name) => join(here, name));

// What a file's tests came to. Suites are left out: their tests count.
function runFile(file) {
  const result = { passed: 0, failed: 0 };
  let broken = false; // outside its tests: it did not load, or a hook failed
  const leaf = (data) => data.details?.type !== 'suite' && data.name !== file;
  const indent = (data) => '  '.repeat(data.nesting);
  return new Promise((resolve) => {
    run({ files: [file], timeout: 900_000 })
      .on('test:pass', (data) => {
        if (!leaf(data)) return;
        result.passed++;
        console.log(`ok      ${indent(data)}${data.name} (${Math.round(data.details.duration_ms)} ms)`);
      })
      .on('test:fail', (data) => {
        if (data.name === file) broken = true;
        if (!leaf(data)) return;
        result.failed++;
        const { error } = data.details;
        console.log(`FAILED  ${indent(data)}${data.name}\n${error.cause?.stack ?? error.cause?.message ?? error.message}`);
      })
      .on('test:stderr', (data) => process.stdout.write(data.message))
      .on('end', () => {
        if (!result.failed && (broken || !result.passed)) result.failed = 1;
        resolve(result);
      })
      .resume();
  });
}

let passed = 0;
let failed = 0;
for (const file of files) {
  let result = await runFile(file);
  // A browser on a machine that does other things, too, can miss a time limit: once is no verdict.
  if (result.failed) {
    console.log(`${basename(file)}: ${result.failed} failed; the file is run once more`);
    result = await runFile(file);
  }
  passed += result.passed;
  failed += result.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
