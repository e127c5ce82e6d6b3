import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressValue, looksLikeAddress, parseAddress, placeText } from '../src/lib/address';
import { compareCells, toCsv, toJson } from '../src/lib/cell';
import { downloadName, pieces, visible } from '../src/lib/escape';
import { ExactNumber, parseExact, parseExactCell, shortExact } from '../src/lib/exact_json';
import { bytesText, durationText, percentText } from '../src/lib/format';
import { decodeState, encodeState } from '../src/lib/fragment';
import { parseNeedle } from '../src/lib/needle';

// ── Escaping ──

test('what hides, reorders or controls is spelt out', () => {
  assert.equal(visible('a\u0000b\u001bc\u007fd\u0085e'), 'a\\x00b\\x1bc\\x7fd\\x85e');
  assert.equal(visible('line\nfeed\ttab\rreturn'), 'line\\nfeed\\ttab\\rreturn');
  assert.equal(visible('evil\u202egnp.exe'), 'evil\\u{202e}gnp.exe');
  assert.equal(visible('\u2066x\u2069\u200b\u200f\ufeff\u061c'), '\\u{2066}x\\u{2069}\\u{200b}\\u{200f}\\u{feff}\\u{61c}');
  assert.equal(visible('\ud800x'), '\\u{d800}x');
  assert.equal(visible('tag\u{e0041}'), 'tag\\u{e0041}');
});

test('text in any script stays as it is', () => {
  for (const text of ['/etc/passwd', 'żółć', '日本語', 'שלום', '😀 🧠', '<b>&amp;</b>']) assert.equal(visible(text), text);
});

test('escapes are told apart from text that looks like them', () => {
  assert.deepEqual(pieces('\\x00'), [{ text: '\\x00', escaped: false }]);
  assert.deepEqual(pieces('a\u0001\u0002b'), [
    { text: 'a', escaped: false }, { text: '\\x01\\x02', escaped: true }, { text: 'b', escaped: false },
  ]);
  assert.deepEqual(pieces(''), []);
});

test('names of downloads have no directories, nothing hidden, no device', () => {
  assert.equal(downloadName('/etc/passwd', 'x'), 'passwd');
  assert.equal(downloadName('../../.bashrc (deleted)', 'x'), 'bashrc');
  assert.equal(downloadName('a\u202egnp.exe\u0000', 'x'), 'agnp.exe');
  assert.equal(downloadName('C:\\temp\\a<b>|c?.txt', 'x'), 'a_b__c_.txt');
  assert.equal(downloadName('CON.txt', 'fallback'), 'fallback');
  assert.equal(downloadName('/', 'fallback'), 'fallback');
  assert.equal(downloadName('..', 'fallback'), 'fallback');
  assert.equal(downloadName('x'.repeat(500), 'y').length, 120);
});

// ── CSV, JSON ──

const columns = [{ name: 'a', kind: 'text' }, { name: 'b', kind: 'address' }];

test('CSV quotes what needs it and disarms formulas', () => {
  assert.equal(
    toCsv(columns, [['plain', 16n], ['with, "both"\n', null], ['=cmd|1', { unreadable: 'gone' }], ['-2+3', 1n], ['@x', 0n], ['+1', 0n]]),
    'a,b\r\nplain,0x0000000000000010\r\n"with, ""both""\n",\r\n\'=cmd|1,\r\n\'-2+3,0x0000000000000001\r\n\'@x,0x0000000000000000\r\n\'+1,0x0000000000000000\r\n',
  );
  assert.equal(toCsv([{ name: 'n', kind: 'i64' }], [[-5n]]), 'n\r\n-5\r\n');
});

test('JSON keeps every digit of 64 bits and is JSON', () => {
  const text = toJson([{ name: 'n', kind: 'u64' }, ...columns], [[18446744073709551615n, 'x\u2028"', 255n]]);
  assert.equal(text, '[\n {"n":18446744073709551615,"a":"x\u2028\\"","b":"0x00000000000000ff"}\n]\n');
  assert.equal(JSON.parse(text)[0].a, 'x\u2028"');
  assert.equal(toJson(columns, []), '[]\n');
});

test('cells sort by value, and what is missing comes last', () => {
  const sorted = [null, 10n, 9n, { unreadable: '' }, -1n].sort(compareCells);
  assert.deepEqual(sorted.slice(0, 3), [-1n, 9n, 10n]);
  assert.deepEqual(['b', 'B', 'a'].sort(compareCells), ['B', 'a', 'b']);
});

test('numbers of JSON values stay exact', () => {
  const value = parseExact('{"a":18446744073709551615,"b":[-1,2.5e3,"x\\n",true,null,{}]}');
  assert.ok(value instanceof Map);
  assert.equal((value.get('a') as ExactNumber).text, '18446744073709551615');
  assert.equal(shortExact(value), '{a: 18446744073709551615, b: [-1, 2.5e3, "x\\n", true, –, {}]}');
  for (const bad of ['', '{', '[1,]', '{"a"}', '"open', '01x', '[1 2]', '{"a":1,}', '['.repeat(1000)]) assert.throws(() => parseExact(bad), SyntaxError, bad);
});

test('JSON in a text cell is read as it was before the cell was spelt', () => {
  const value = parseExactCell('{"a":"x\\\\t\\\\\\\\\\xff"}') as Map<string, unknown>;
  assert.equal(value.get('a'), 'x\t\\\\xff');
});

test('a member named __proto__ is only a member', () => {
  const value = parseExact('{"__proto__":{"x":1}}') as Map<string, unknown>;
  assert.deepEqual([...value.keys()], ['__proto__']);
});

// ── Addresses ──

test('addresses of every form are understood', () => {
  const value = (text: string) => addressValue(parseAddress(text)!);
  assert.equal(parseAddress('p:0x1000')!.space, 'physical');
  assert.equal(parseAddress('f:512')!.space, 'file');
  assert.equal(parseAddress('v:0xffff888000000000')!.space, 'kernel');
  assert.deepEqual([parseAddress('v:42:0x7ffd1000')!.space, parseAddress('v:42:0x7ffd1000')!.pid], ['process', 42]);
  assert.equal(value('0xffffffff81000000 + 0x10 - 8'), 0xffffffff81000008n);
  assert.equal(value('p:4096+4096'), 8192n);
  assert.equal(value('0 - 1'), 0xffffffffffffffffn); // as the kernel counts: modulo 2^64
  assert.equal(parseAddress('init_task+0x40')!.terms[0]!.symbol, 'init_task');
  assert.equal(addressValue(parseAddress('init_task')!), null);
});

test('what is no address is refused', () => {
  for (const text of ['', 'p:', '0x', '1 2', '+', '0x10000000000000000', '1*2', 'v:1:', 'a b', '0x1g', '-']) assert.equal(parseAddress(text), null, text);
  assert.ok(!looksLikeAddress('bash'));
  assert.ok(looksLikeAddress('0x10'));
  assert.ok(looksLikeAddress('v:1:0x10'));
});

test('a place is written as it is read', () => {
  for (const text of ['p:0x1000', 'v:0xffff888000000000', 'v:42:0x10', 'f:0x0']) {
    const parsed = parseAddress(text)!;
    assert.equal(placeText(parsed.space, parsed.pid, addressValue(parsed)!), text);
  }
});

test('bytes to search for are hex pairs or text', () => {
  assert.deepEqual([...parseNeedle('7f 45 4c 46')!], [0x7f, 0x45, 0x4c, 0x46]);
  assert.deepEqual([...parseNeedle('0xdeadBEEF')!], [0xde, 0xad, 0xbe, 0xef]);
  assert.deepEqual([...parseNeedle('"7f 45"')!], [...'7f 45'].map((c) => c.charCodeAt(0)));
  assert.deepEqual([...parseNeedle('ab')!], [0x61, 0x62]);
  assert.deepEqual([...parseNeedle('é')!], [0xc3, 0xa9]);
  assert.equal(parseNeedle('  '), null);
});

// ── The fragment ──

test('the state of the page survives the fragment', () => {
  const states = [
    { view: 'summary' as const, params: {} },
    { view: 'map' as const, params: { layout: 'linear', kinds: '1.14', pfn: '4503599627370495', zoom: '-3.25', x: '0', y: '12', mark: 'file.254:0.131' } },
    { view: 'bytes' as const, params: { at: 'v:42:0x7ffd1000' } },
  ];
  for (const state of states) assert.deepEqual(decodeState(encodeState(state)), state);
  assert.equal(encodeState(states[2]!), '#1/bytes?at=v:42:0x7ffd1000');
});

test('a fragment from anywhere brings in only what has the form of its name', () => {
  assert.deepEqual(decodeState('#1/map?pfn=<b>&pid=1&__proto__=1&x&=2&mark=process.x&at=javascript:1')!.params, { pid: '1' });
  assert.equal(decodeState('#2/map'), null);
  assert.equal(decodeState('#1/nowhere'), null);
  assert.equal(decodeState(''), null);
});

test('text of a guest cannot get into the fragment', () => {
  assert.equal(encodeState({ view: 'files', params: { device: '8:1', inode: '5', tab: 'a/b', show: 'x y', path: '/etc' } }), '#1/files?device=8:1&inode=5');
});

// ── Quantities ──

test('quantities read well', () => {
  assert.equal(bytesText(0), '0 B');
  assert.equal(bytesText(1536), '1.5 KiB');
  assert.equal(bytesText(64 * 2 ** 30), '64 GiB');
  assert.equal(durationText(0.2), 'under a second');
  assert.equal(durationText(3725), '1 h 2 min');
  assert.equal(percentText(1, 3).replace(/\s/g, ' '), '33 %');
  assert.equal(percentText(1, 0), '');
});
