// A page without views: the client alone, for tests and benchmarks of it.
import { assets, hasSample, openSample } from './assets';
import { Client } from './client';

const input = document.createElement('input');
input.type = 'file';
input.multiple = true;
document.getElementById('app')?.append(input);
Object.assign(globalThis, {
  kernlens: { client: new Client(assets), openSample, hasSample, files: () => [...(input.files ?? [])] },
});
