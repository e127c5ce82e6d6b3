// A sample of a kind's colour, with the letter that large cells carry.
import { darkNow } from '../app/theme';
import { ABSENT, KINDS } from './kinds';
import { inkOn } from './paint';

export function Swatch({ code }: { code: number }) {
  const kind = KINDS[code]!;
  if (code === ABSENT) return <span class="swatch hatched" aria-hidden="true" />;
  const colour = darkNow.value ? kind.dark : kind.light;
  return (
    <span class="swatch" aria-hidden="true" style={{ backgroundColor: colour, color: inkOn(colour) }}>
      {kind.glyph}
    </span>
  );
}
