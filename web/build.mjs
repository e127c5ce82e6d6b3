// Builds the viewer: worker, page, and the one file that holds them.
//
//   node build.mjs WASM SAMPLE OUT     SAMPLE: a dump to build in, or - for none
//
// OUT/kernlens.html is self-contained; OUT/static is the same as files for a
// web server. The policy stands in both: see README.md.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [wasmPath, samplePath, out] = process.argv.slice(2);

const common = {
  bundle: true,
  minify: true,
  write: false,
  target: ['es2022'],
  legalComments: 'none',
  charset: 'utf8',
  absWorkingDir: here,
  logLevel: 'warning',
};

function pack(path) {
  return gzipSync(readFileSync(path), { level: 9 }).toString('base64');
}

async function bundle(options) {
  const result = await esbuild.build({ ...common, ...options });
  return result.outputFiles[0].text;
}

// The modules that bundle.d.ts declares.
function assets(contents) {
  return {
    name: 'assets',
    setup(build) {
      build.onResolve({ filter: /^kernlens:/ }, ({ path }) => ({ path, namespace: 'assets' }));
      build.onLoad({ filter: /.*/, namespace: 'assets' }, ({ path }) => ({
        contents: contents[path.slice('kernlens:'.length)],
        loader: 'text',
      }));
    },
  };
}

// Inside <script> and <style> nothing may look like their end.
const inScript = (text) => text.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const attribute = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;');

function policy(scripts, styles) {
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')} 'wasm-unsafe-eval'`,
    'worker-src blob:',
    `style-src ${styles.join(' ')}`,
    'img-src blob: data:',
    "connect-src 'none'",
    "frame-src 'self'", // the frame has no address: it is in this document
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types kernlens-worker',
  ].join('; ');
}

function documents({ app, shell, style, shellStyle }) {
  const csp = policy([hash(app), hash(shell)], [hash(style), hash(shellStyle)]);
  const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${attribute(csp)}">`;
  const view = '<meta name="viewport" content="width=device-width, initial-scale=1">';
  const inner =
    `<!doctype html><html lang="en"><head>${head}${view}<title>kernlens</title><style>${style}</style></head>` +
    `<body><div id="app"></div><script>${app}</script></body></html>`;
  const frame =
    '<iframe id="viewer" title="kernlens" sandbox="allow-scripts allow-downloads allow-modals" ' +
    `allow="clipboard-write; fullscreen" srcdoc="${attribute(inner)}"></iframe>`;
  return {
    csp,
    html:
      `<!doctype html><html lang="en"><head>${head}${view}<meta name="referrer" content="no-referrer">` +
      `<meta name="color-scheme" content="light dark"><title>kernlens</title><style>${shellStyle}</style></head>` +
      `<body>${frame}<script>${shell}</script></body></html>\n`,
  };
}

async function page(entry, css, sources, shell) {
  const app = await bundle({
    entryPoints: [entry],
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    plugins: [assets(sources)],
  });
  return documents({ app: inScript(app), style: await bundle({ entryPoints: [css] }), ...shell });
}

async function main() {
  const worker = await bundle({ entryPoints: ['src/worker/main.ts'], format: 'iife' });
  const sources = { worker, wasm: pack(wasmPath), sample: samplePath === '-' ? '' : pack(samplePath) };
  const shell = {
    shell: inScript(await bundle({ entryPoints: ['src/shell.ts'], format: 'iife' })),
    shellStyle: await bundle({ entryPoints: ['src/shell.css'] }),
  };
  const { html, csp } = await page('src/main.tsx', 'src/style.css', sources, shell);
  const bare = await page('src/bare.ts', 'src/shell.css', { ...sources, sample: '' }, shell);

  rmSync(join(out, 'static'), { recursive: true, force: true });
  mkdirSync(join(out, 'static'), { recursive: true });
  writeFileSync(join(out, 'kernlens.html'), html);
  writeFileSync(join(out, 'bare.html'), bare.html); // for tests
  writeFileSync(join(out, 'static/index.html'), html);
  // What a web server should send with it, in the form that many static hosts read.
  const headers = [`Content-Security-Policy: ${csp}`, 'X-Content-Type-Options: nosniff', 'Referrer-Policy: no-referrer'];
  writeFileSync(join(out, 'static/_headers'), ['/*', ...headers.map((h) => `  ${h}`), ''].join('\n'));
  const kib = (n) => Math.round(n / 1024);
  const size = gzipSync(html, { level: 9 }).length;
  const sample = kib(gzipSync(sources.sample, { level: 9 }).length);
  console.log(`kernlens.html: ${kib(size)} KiB gzipped, of which ${sample} are the sample`);
}

await main();
