// What one types into the address bar: p:EXPRESSION physical, v:EXPRESSION or
// EXPRESSION virtual as the kernel sees it, v:PID:EXPRESSION of a process,
// f:EXPRESSION an offset in the dump's file. EXPRESSION: 0x hex, decimal or a
// symbol's name, joined by + and -. The forms are those of the command line; f:
// is the page's own.
export type Space = 'physical' | 'kernel' | 'process' | 'file';

export interface Term {
  sign: 1 | -1;
  value: bigint | null; // null: a symbol
  symbol: string;
}

export interface Address {
  space: Space;
  pid: number | null;
  terms: Term[];
}

const MAX = (1n << 64n) - 1n;

// The address that text spells, or null.
export function parseAddress(text: string): Address | null {
  let rest = text.trim();
  let space: Space = 'kernel';
  let pid: number | null = null;
  const process = /^v:(\d{1,9}):/.exec(rest);
  if (process) {
    space = 'process';
    pid = Number(process[1]);
    rest = rest.slice(process[0].length);
  } else if (/^[pvf]:/.test(rest)) {
    space = rest[0] === 'p' ? 'physical' : rest[0] === 'f' ? 'file' : 'kernel';
    rest = rest.slice(2);
  }
  const terms = parseTerms(rest);
  return terms && { space, pid, terms };
}

function parseTerms(text: string): Term[] | null {
  const terms: Term[] = [];
  const pattern = /\s*([+-]?)\s*(0x[0-9a-f]+|\d+|[A-Za-z_.$][\w.$]*)/iy;
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match || (terms.length > 0 && match[1] === '')) return null;
    const word = match[2]!;
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(word);
    const value = number ? BigInt(word) : null;
    if (value !== null && value > MAX) return null;
    terms.push({ sign: match[1] === '-' ? -1 : 1, value, symbol: number ? '' : word });
    at = pattern.lastIndex;
  }
  return terms.length ? terms : null;
}

// Its value modulo 2^64; null when it names symbols.
export function addressValue(address: Address): bigint | null {
  let sum = 0n;
  for (const term of address.terms) {
    if (term.value === null) return null;
    sum += term.sign === 1 ? term.value : -term.value;
  }
  return BigInt.asUintN(64, sum);
}

// True when text can only be meant as an address.
export function looksLikeAddress(text: string): boolean {
  return /^\s*([pvf]:|0x[0-9a-f])/i.test(text) && parseAddress(text) !== null;
}

// The text that stands for a place, in the form that the core parses.
export function placeText(space: Space, pid: number | null, value: bigint): string {
  const hex = `0x${value.toString(16)}`;
  switch (space) {
    case 'physical':
      return `p:${hex}`;
    case 'file':
      return `f:${hex}`;
    case 'process':
      return `v:${pid}:${hex}`;
    case 'kernel':
      return `v:${hex}`;
  }
}
