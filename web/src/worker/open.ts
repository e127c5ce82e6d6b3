// Opening a dump, and what to say when that fails.
import type { Opened, OpenOptions, Table, Trouble } from '../protocol';
import type { JsonDiagnostic, Wasm } from './wasm';
import { high, low, NOT_FOUND, NO_MEMORY, OK } from './wasm';
import type { Work } from './work';
import { Failure } from './work';

// By a word in what was lacking, and the reason; the first that fits.
const ADVICE: { word?: string; reason?: number; advice: string }[] = [
  { word: 'BTF', reason: NOT_FOUND, advice: 'give its types: /sys/kernel/btf/vmlinux of that very kernel' },
  { word: 'symbol', reason: NOT_FOUND, advice: 'give its symbols: System.map of that very kernel' },
  { word: 'kallsyms', reason: NOT_FOUND, advice: 'give its symbols: System.map of that very kernel' },
  { word: 'kernel', reason: NOT_FOUND, advice: 'is it the memory of a Linux guest? If it is, name the root of its page tables' },
  { reason: NO_MEMORY, advice: 'this dump needs more memory than the page takes: use the program' },
  { reason: 5, advice: 'the file may be damaged, or still being written; choose it again' },
];

function trouble(wasm: Wasm, status: number): Trouble {
  const d = wasm.outJson() as JsonDiagnostic;
  const at = BigInt(d.object) ? ` at 0x${BigInt(d.object).toString(16)}` : '';
  const plain = status === NOT_FOUND && d.what.startsWith('no ');
  const outside = status === 5 && wasm.readError ? ` (${wasm.readError})` : '';
  const message = plain ? d.what + at : `${d.what}${at}: ${wasm.status(status)}${outside}`;
  const advice = ADVICE.find((a) => (a.reason === undefined || a.reason === status) && (!a.word || d.what.includes(a.word)));
  return advice ? { message, advice: advice.advice } : { message };
}

async function side(wasm: Wasm, blob: Blob, give: (p: number, n: number) => void): Promise<void> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  give(wasm.keep(bytes), bytes.length);
}

export async function open(work: Work, ask: { files: Blob[]; options: OpenOptions }): Promise<Opened> {
  const { wasm } = work;
  const { files, options } = ask;
  if (files.some((file) => file.size === 0)) throw new Failure('the file is empty', 'was it written to its end?');
  wasm.files = files;
  files.forEach((file, i) => wasm.call.web_file(i, low(BigInt(file.size)), high(BigInt(file.size))));
  if (options.btf) await side(wasm, options.btf, wasm.call.web_btf);
  if (options.symbols) await side(wasm, options.symbols, wasm.call.web_symbols);
  if (options.root) wasm.call.web_root(low(options.root), high(options.root));
  work.progress('open', 0, 0);
  const opened = wasm.call.web_open(files.length);
  if (opened !== OK) {
    const { message, advice } = trouble(wasm, opened);
    throw new Failure(message, advice);
  }
  work.own();
  const attached = wasm.call.web_attach();
  const why = attached === OK ? undefined : trouble(wasm, attached);
  return {
    container: container(wasm),
    fileBytes: files.reduce((sum, file) => sum + file.size, 0),
    attached: attached === OK,
    ...(why && { trouble: why }),
    pageBytes: wasm.call.web_page_bytes(),
    tables: tables(wasm),
    diagnostics: wasm.diagnostics(),
  };
}

let known: Table[] | undefined;

export function tables(wasm: Wasm): Table[] {
  if (!known) {
    wasm.call.web_tables();
    known = wasm.outJson() as Table[];
  }
  return known;
}

function container(wasm: Wasm): string {
  wasm.call.web_container();
  return wasm.outText();
}
