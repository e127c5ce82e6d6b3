// JSON with numbers as they are written: 64 bits of a guest do not fit a double.
export class ExactNumber {
  constructor(readonly text: string) {}
}
export type Exact = null | boolean | string | ExactNumber | Exact[] | ExactObject;
export type ExactObject = Map<string, Exact>;

const DEEPEST = 200;

// Throws SyntaxError.
export function parseExact(text: string): Exact {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`not JSON at ${at}`);
  };
  const space = () => {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at++;
  };
  const literal = <T>(word: string, value: T): T => {
    if (!text.startsWith(word, at)) fail();
    at += word.length;
    return value;
  };
  const string = (): string => {
    const start = at++;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    if (at >= text.length) fail();
    return JSON.parse(text.slice(start, ++at)) as string;
  };
  const number = (): ExactNumber => {
    const match = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(at, at + 400));
    if (!match) return fail();
    at += match[0].length;
    return new ExactNumber(match[0]);
  };
  const value = (depth: number): Exact => {
    if (depth > DEEPEST) fail();
    space();
    switch (text[at]) {
      case '{': {
        const object: ExactObject = new Map();
        at++;
        for (space(); text[at] !== '}'; space()) {
          if (object.size && text[at++] !== ',') fail();
          space();
          if (text[at] !== '"') fail();
          const key = string();
          space();
          if (text[at++] !== ':') fail();
          // Of members with one name (in unions) the first stands.
          const member = value(depth + 1);
          object.set(object.has(key) ? `${key} ${object.size}` : key, member);
        }
        at++;
        return object;
      }
      case '[': {
        const list: Exact[] = [];
        at++;
        for (space(); text[at] !== ']'; space()) {
          if (list.length && text[at++] !== ',') fail();
          list.push(value(depth + 1));
        }
        at++;
        return list;
      }
      case '"':
        return string();
      case 't':
        return literal('true', true);
      case 'f':
        return literal('false', false);
      case 'n':
        return literal('null', null);
      default:
        return number();
    }
  };
  const result = value(0);
  space();
  if (at !== text.length) fail();
  return result;
}

// The same of a text cell: there a backslash is written twice, and a byte that
// is not UTF-8 is \xNN, which stays so.
export function parseExactCell(text: string): Exact {
  return parseExact(text.replace(/\\(\\|x[0-9a-f]{2})/g, (_, c: string) => (c === '\\' ? c : `\\\\${c}`)));
}

// On one line, cut to about most characters.
export function shortExact(value: Exact, most = 200): string {
  let text = '';
  const add = (one: Exact): void => {
    if (text.length > most) return;
    if (one === null) text += '–';
    else if (one instanceof ExactNumber) text += one.text;
    else if (typeof one === 'string') text += /^0x[0-9a-f]+$/.test(one) ? one : JSON.stringify(one);
    else if (typeof one === 'boolean') text += String(one);
    else if (Array.isArray(one)) {
      text += '[';
      one.slice(0, most).forEach((item, i) => { if (i) text += ', '; add(item); });
      text += ']';
    } else {
      text += '{';
      let first = true;
      for (const [key, item] of one) {
        if (text.length > most) break;
        text += `${first ? '' : ', '}${key}: `;
        first = false;
        add(item);
      }
      text += '}';
    }
  };
  add(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
