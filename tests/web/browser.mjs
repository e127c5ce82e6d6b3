// Chromium for tests: one browser, pages of the viewer from disk.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILT = process.env.KERNLENS_WEB ?? join(ROOT, 'build/web');
const { chromium } = createRequire(join(ROOT, 'web/package.json'))('playwright-core');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;

export async function launch() {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  return browser;
}

export async function quit() {
  await browser?.close();
  browser = undefined;
}

// Opens a page of the build from disk, with what it asked of the network and
// complained about since.
export async function openPage(name, options = {}) {
  const context = await (await launch()).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const requests = [];
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('crash', () => errors.push('the page crashed'));
  const url = name.startsWith('http') ? name : pathToFileURL(join(BUILT, name)).href;
  await page.goto(url);
  context.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url())) requests.push(request.url());
  });
  const frame = await (await page.waitForSelector('#viewer')).contentFrame();
  return { context, page, frame, requests, errors, close: () => context.close() };
}

// bare.html: the client alone, as the global kernlens.
export async function openClient(files) {
  const opened = await openPage('bare.html');
  const input = await opened.frame.waitForSelector('input[type=file]');
  await input.setInputFiles([files].flat());
  return opened;
}

// Runs code (the body of an async function of client, files and argument) in the page.
export function inPage(frame, code, argument) {
  const spelled = JSON.stringify(argument ?? null);
  return frame.evaluate(
    `(async () => { const { client, files } = kernlens; const argument = ${spelled}; ${code} })()`,
  );
}

// Anonymous memory of the largest renderer, MiB: page, workers and wasm, and the browser's own share.
export async function rendererMiB() {
  const session = await (await launch()).newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const kib = processInfo
    .filter((process) => process.type === 'renderer')
    .map((process) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${process.id}/status`, 'utf8'))[1]));
  return Math.max(...kib) / 1024;
}

export function lab(guest, file = 'memory.elf') {
  const home = process.env.KERNLENS_LAB ?? join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME, '.cache'), 'kernlens/lab');
  const path = join(home, guest, file);
  if (!existsSync(path)) throw new Error(`${guest} is not captured: tests/lab/lab build ${guest}`);
  return path;
}
