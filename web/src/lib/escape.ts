// Guest text as it may be shown: what could hide, reorder or control is spelt
// out. Everything from a dump goes to the page through here, as text nodes.
export interface Piece {
  text: string;
  escaped: boolean;
}

// Controls, line and paragraph separators, bidi controls, zero-width and other
// invisible characters, lone surrogates, private use and tags.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{e0000}-\u{e0fff}]/u;
const HIDDEN_ALL = new RegExp(HIDDEN.source, 'gu');

function spell(character: string): string {
  const code = character.codePointAt(0)!;
  const named = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
  if (named) return named;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

export function pieces(text: string): Piece[] {
  if (!HIDDEN.test(text)) return text === '' ? [] : [{ text, escaped: false }];
  const list: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN_ALL)) {
    if (match.index > end) list.push({ text: text.slice(end, match.index), escaped: false });
    const before = list[list.length - 1];
    if (before?.escaped) before.text += spell(match[0]);
    else list.push({ text: spell(match[0]), escaped: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) list.push({ text: text.slice(end), escaped: false });
  return list;
}

export function visible(text: string): string {
  return pieces(text).map((piece) => piece.text).join('');
}

// A name for a download, from guest text: no directories, nothing hidden, no
// device names of Windows, no leading dot, at most 120 characters.
export function downloadName(text: string, fallback: string): string {
  const last = text.replace(/ \(deleted\)$/, '').split(/[/\\]/).pop() ?? '';
  const safe = last
    .replace(HIDDEN_ALL, '')
    .replace(/[<>:"|?*%]/g, '_')
    .replace(/^[.\s-]+|[.\s]+$/g, '')
    .slice(0, 120);
  if (safe === '' || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe)) return fallback;
  return safe;
}
