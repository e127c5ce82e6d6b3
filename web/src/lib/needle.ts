// What one types to search for: hex bytes (pairs, apart or after 0x), a quoted
// text, or any other text as UTF-8. Null: nothing.
const MOST = 256;

export function parseNeedle(text: string): Uint8Array | null {
  const words = text.trim();
  if (!words) return null;
  const quoted = /^"(.+)"$/s.exec(words);
  if (!quoted) {
    const pairs = /^0x((?:[0-9a-f]{2})+)$/i.exec(words)?.[1] ?? (/^[0-9a-f]{2}(?:\s+[0-9a-f]{2})+$/i.test(words) ? words.replace(/\s+/g, '') : null);
    if (pairs) return Uint8Array.from(pairs.match(/../g)!.slice(0, MOST), (pair) => parseInt(pair, 16));
  }
  return new TextEncoder().encode(quoted?.[1] ?? words).slice(0, MOST);
}
