// The picture on a canvas: square tiles of every level are painted once into
// small canvases, and a frame of the screen is those tiles, scaled.
import { FILTERED, KIND_BITS, KINDS, KIND_COUNT, OUTSIDE, ABSENT } from './kinds';
import type { Pyramid } from './pyramid';

export interface Look {
  dark: boolean;
  shown: number; // mask of kinds that are shown; others recede
  all: boolean; // nothing is filtered
  marks: Uint8Array[] | null; // of every level: what is highlighted; all else recedes
}

export interface View {
  x: number; // cell of level 0 at the left edge of the canvas
  y: number;
  scale: number; // device pixels a frame
}

const TILE = 256;
const TILES_KEPT = 224; // 56 MiB of pixels

function rgba(hex: string): [number, number, number] {
  return [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];
}
function pack([r, g, b]: [number, number, number]): number {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}
function mix(a: [number, number, number], b: [number, number, number], t: number): [number, number, number] {
  return [0, 1, 2].map((i) => Math.round(a[i]! * (1 - t) + b[i]! * t)) as [number, number, number];
}

export interface Palette {
  background: string;
  plain: Uint32Array; // by kind
  faint: Uint32Array; // the same, receding
  hatch: Uint32Array; // the second colour of cells that are drawn hatched
  mark: number;
}

export function paletteOf(dark: boolean): Palette {
  const background = dark ? '#0f1216' : '#ffffff';
  const ground = rgba(background);
  const plain = new Uint32Array(KIND_COUNT);
  const faint = new Uint32Array(KIND_COUNT);
  const hatch = new Uint32Array(KIND_COUNT);
  for (const kind of KINDS) {
    if (kind.code === OUTSIDE) continue;
    const colour = rgba(dark ? kind.dark : kind.light);
    plain[kind.code] = pack(colour);
    faint[kind.code] = pack(mix(colour, ground, kind.code === ABSENT ? 0 : 0.86));
    hatch[kind.code] = pack(kind.code === ABSENT ? (dark ? [58, 66, 78] : [203, 198, 188]) : mix(colour, ground, 0.62));
  }
  return { background, plain, faint, hatch, mark: pack(dark ? [255, 255, 255] : [17, 17, 17]) };
}

// The level whose cells are between one and two device pixels, or frames
// themselves when those are larger.
export function levelFor(scale: number, levels: number): number {
  return Math.max(0, Math.min(levels - 1, Math.ceil(-Math.log2(scale) - 1e-9)));
}

export class Painter {
  private readonly tiles = new Map<string, HTMLCanvasElement>();
  private look: Look;
  private palette: Palette;
  private readonly image = new ImageData(TILE, TILE);
  private readonly pixels = new Uint32Array(this.image.data.buffer);
  painted = 0; // tiles, for measurements

  constructor(readonly pyramid: Pyramid, look: Look) {
    this.look = look;
    this.palette = paletteOf(look.dark);
  }

  setLook(look: Look): void {
    this.look = look;
    this.palette = paletteOf(look.dark);
    this.tiles.clear();
  }

  // Paints what it can within the budget; what is missing shows coarser, and the
  // answer is false: draw again.
  draw(context: CanvasRenderingContext2D, width: number, height: number, view: View, budgetMs = Infinity): boolean {
    const start = performance.now();
    let whole = true;
    context.fillStyle = this.palette.background;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    const l = levelFor(view.scale, this.pyramid.levels.length);
    const level = this.pyramid.levels[l]!;
    const cell = view.scale * 2 ** l; // device pixels
    const span = TILE * cell;
    const left = -view.x * view.scale;
    const top = -view.y * view.scale;
    const tilesX = Math.ceil(level.width / TILE);
    const tilesY = Math.ceil(level.height / TILE);
    const x0 = Math.max(0, Math.floor(-left / span));
    const y0 = Math.max(0, Math.floor(-top / span));
    const x1 = Math.min(tilesX - 1, Math.floor((width - left) / span));
    const y1 = Math.min(tilesY - 1, Math.floor((height - top) / span));
    for (let ty = y0; ty <= y1; ty++)
      for (let tx = x0; tx <= x1; tx++) {
        const x = Math.round(left + tx * span);
        const y = Math.round(top + ty * span);
        const w = Math.round(left + (tx + 1) * span) - x;
        const h = Math.round(top + (ty + 1) * span) - y;
        if (this.tiles.has(`${l}.${tx}.${ty}`) || performance.now() - start < budgetMs)
          context.drawImage(this.tile(l, tx, ty), x, y, w, h);
        else {
          whole = false;
          this.drawCoarser(context, l, tx, ty, x, y, w, h);
        }
      }
    if (l === 0 && view.scale >= 7) this.drawCells(context, width, height, view);
    return whole;
  }

  // Stands in for a tile: its part of one of a coarser level that is there.
  private drawCoarser(
    context: CanvasRenderingContext2D, l: number, tx: number, ty: number, x: number, y: number, w: number, h: number,
  ): void {
    for (let up = 1; l + up < this.pyramid.levels.length && up <= 8; up++) {
      const tile = this.tiles.get(`${l + up}.${tx >> up}.${ty >> up}`);
      if (!tile) continue;
      const side = TILE >> up;
      context.drawImage(tile, (tx & (2 ** up - 1)) * side, (ty & (2 ** up - 1)) * side, side, side, x, y, w, h);
      return;
    }
  }

  private tile(l: number, tx: number, ty: number): HTMLCanvasElement {
    const key = `${l}.${tx}.${ty}`;
    const kept = this.tiles.get(key);
    if (kept) {
      this.tiles.delete(key); // the last one used is the last one in order
      this.tiles.set(key, kept);
      return kept;
    }
    let canvas: HTMLCanvasElement | undefined;
    if (this.tiles.size >= TILES_KEPT) {
      const oldest = this.tiles.keys().next().value!;
      canvas = this.tiles.get(oldest);
      this.tiles.delete(oldest);
    }
    if (!canvas) {
      canvas = document.createElement('canvas');
      canvas.width = canvas.height = TILE;
    }
    this.paint(l, tx * TILE, ty * TILE);
    canvas.getContext('2d')!.putImageData(this.image, 0, 0);
    this.tiles.set(key, canvas);
    this.painted++;
    return canvas;
  }

  private paint(l: number, x0: number, y0: number): void {
    const level = this.pyramid.levels[l]!;
    const { plain, faint, hatch, mark } = this.palette;
    const { shown, all } = this.look;
    const marks = this.look.marks?.[l] ?? null;
    const pixels = this.pixels;
    pixels.fill(0);
    const w = Math.min(TILE, level.width - x0);
    const h = Math.min(TILE, level.height - y0);
    for (let y = 0; y < h; y++) {
      let from = (y0 + y) * level.width + x0;
      let to = y * TILE;
      for (let x = 0; x < w; x++, from++, to++) {
        const raw = level.kinds[from]!;
        let kind = raw & KIND_BITS;
        if (kind === OUTSIDE) continue;
        // Presence: a kind that is asked for shows even where it is a minority.
        let visible = all;
        if (!all) {
          const present = (level.masks ? level.masks[from]! : 1 << (kind - 1)) & shown;
          if (present) {
            visible = true;
            if (!((1 << (kind - 1)) & shown)) kind = 32 - Math.clz32(present & -present);
          }
        }
        if (marks && !marks[from]) visible = false;
        let colour = visible ? plain[kind]! : faint[kind]!;
        if (marks?.[from] && !visible) colour = mark;
        if (kind === ABSENT || raw & FILTERED) {
          if (((x + y) & 3) === 0) colour = hatch[kind]!;
        }
        pixels[to] = colour;
      }
    }
  }

  // In large cells the hatching is lines again, not squares.
  private drawHatches(context: CanvasRenderingContext2D, view: View, x0: number, y0: number, x1: number, y1: number): void {
    const level = this.pyramid.levels[0]!;
    const { scale } = view;
    for (const filtered of [false, true]) {
      const pattern = context.createPattern(hatching(this.look.dark, filtered), 'repeat');
      if (!pattern) return;
      for (let y = y0; y < y1; y++)
        for (let x = x0; x < x1; x++) {
          const raw = level.kinds[y * level.width + x]!;
          const kind = raw & KIND_BITS;
          if (kind === OUTSIDE || (filtered ? !(raw & FILTERED) : kind !== ABSENT)) continue;
          const left = Math.round((x - view.x) * scale);
          const top = Math.round((y - view.y) * scale);
          const right = Math.round((x + 1 - view.x) * scale);
          const bottom = Math.round((y + 1 - view.y) * scale);
          if (!filtered) {
            context.fillStyle = this.look.dark ? KINDS[ABSENT]!.dark : KINDS[ABSENT]!.light;
            context.fillRect(left, top, right - left, bottom - top);
          }
          context.fillStyle = pattern;
          context.fillRect(left, top, right - left, bottom - top);
        }
    }
  }

  // Large cells get gaps between them and the letter of their kind.
  private drawCells(context: CanvasRenderingContext2D, width: number, height: number, view: View): void {
    const level = this.pyramid.levels[0]!;
    const { scale } = view;
    const x0 = Math.max(0, Math.floor(view.x));
    const y0 = Math.max(0, Math.floor(view.y));
    const x1 = Math.min(level.width, Math.ceil(view.x + width / scale));
    const y1 = Math.min(level.height, Math.ceil(view.y + height / scale));
    this.drawHatches(context, view, x0, y0, x1, y1);
    context.fillStyle = this.palette.background;
    const gap = Math.max(1, Math.round(scale / 16));
    for (let x = x0; x <= x1; x++) context.fillRect(Math.round((x - view.x) * scale), 0, gap, height);
    for (let y = y0; y <= y1; y++) context.fillRect(0, Math.round((y - view.y) * scale), width, gap);
    if (scale < 10) return;
    context.font = `600 ${Math.round(Math.min(scale * 0.5, 22))}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const marks = this.look.marks?.[0] ?? null;
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        const raw = level.kinds[y * level.width + x]!;
        const kind = KINDS[raw & KIND_BITS]!;
        if (!kind.glyph) continue;
        const faded = (!this.look.all && !((1 << (kind.code - 1)) & this.look.shown)) || (marks && !marks[y * level.width + x]);
        if (faded) continue;
        context.fillStyle = inkOn(this.look.dark ? kind.dark : kind.light);
        context.fillText(kind.glyph, (x + 0.5 - view.x) * scale + gap / 2, (y + 0.52 - view.y) * scale + gap / 2);
      }
  }
}

// Diagonal lines to fill with.
function hatching(dark: boolean, strong: boolean): HTMLCanvasElement {
  const side = 8;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d')!;
  context.strokeStyle = strong ? (dark ? '#000000b0' : '#ffffffc0') : dark ? '#3a424e' : '#cbc6bc';
  context.lineWidth = strong ? 2 : 1.2;
  context.beginPath();
  for (const shift of [-side, 0, side]) {
    context.moveTo(shift, side);
    context.lineTo(shift + side, 0);
  }
  context.stroke();
  return canvas;
}

// Black or white, whichever reads better on a colour.
const inks = new Map<string, string>();
export function inkOn(hex: string): string {
  let ink = inks.get(hex);
  if (!ink) {
    const [r, g, b] = rgba(hex).map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    const light = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    ink = 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? '#ffffff' : '#000000';
    inks.set(hex, ink);
  }
  return ink;
}
