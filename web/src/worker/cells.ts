// Cells, as out.c of the wasm writes them.
import type { Cell } from '../protocol';

const text = new TextDecoder();

export class CellReader {
  private readonly view: DataView;
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly status: (status: number) => string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u32(): number {
    const v = this.view.getUint32(this.at, true);
    this.at += 4;
    return v;
  }

  private take(): Uint8Array {
    const n = this.u32();
    const piece = this.bytes.subarray(this.at, this.at + n);
    this.at += n;
    return piece;
  }

  // Most texts are short and plain: then this is much faster than a decoder.
  private string(): string {
    const piece = this.take();
    if (piece.length > 32) return text.decode(piece);
    let s = '';
    for (const byte of piece) {
      if (byte >= 0x80) return text.decode(piece);
      s += String.fromCharCode(byte);
    }
    return s;
  }

  cell(): Cell {
    const tag = this.bytes[this.at++];
    switch (tag) {
      case 0:
        return null;
      case 1:
        return { unreadable: this.status(this.bytes[this.at++] ?? 0) };
      case 2:
        this.at += 8;
        return this.view.getBigUint64(this.at - 8, true);
      case 3:
        this.at += 8;
        return this.view.getBigInt64(this.at - 8, true);
      case 4:
        return false;
      case 5:
        return true;
      case 6:
        return this.string();
      case 7:
        return this.take().slice();
      case 8:
        this.at += 8;
        return this.view.getFloat64(this.at - 8, true);
      default:
        throw new Error(`cell of kind ${String(tag)}`);
    }
  }

  row(n: number): Cell[] {
    const row = new Array<Cell>(n);
    for (let i = 0; i < n; i++) row[i] = this.cell();
    return row;
  }
}
