// What the page carries in itself: the worker, the wasm, the sample.
import sample from 'kernlens:sample';
import wasm from 'kernlens:wasm';
import worker from 'kernlens:worker';

import type { WorkerAssets } from './client';

async function unpack(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

// The policy asks that script addresses go through a named policy; this is the
// only one, and makes only what stands in this page.
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}
const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('kernlens-worker', {
  createScriptURL: (url) => url,
});

// A blob: worker inherits the page's policy; one with an address of its own would not.
function spawn(): Worker {
  const url = URL.createObjectURL(new Blob([worker], { type: 'text/javascript' }));
  const made = new Worker((trusted?.createScriptURL(url) ?? url) as string);
  URL.revokeObjectURL(url);
  return made;
}

let unpacked: Promise<ArrayBuffer> | undefined;

export const assets: WorkerAssets = { spawn, wasm: () => (unpacked ??= unpack(wasm)) };

export const hasSample = sample !== '';

// The built-in sample: a small dump of a made-up machine.
export async function openSample(): Promise<File> {
  return new File([await unpack(sample)], 'sample.elf');
}
