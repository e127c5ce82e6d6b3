// Text of a guest, spelt out where it could deceive, apart from the text around it.
import { pieces } from '../lib/escape';

export function Guest({ text, max = 400 }: { text: string; max?: number }) {
  const cut = text.length > max;
  return (
    <bdi class="guest">
      {pieces(cut ? text.slice(0, max) : text).map((piece) =>
        piece.escaped ? <span class="escape">{piece.text}</span> : piece.text,
      )}
      {cut && <span class="escape">…</span>}
    </bdi>
  );
}
