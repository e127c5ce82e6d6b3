// The picture: drawing, panning, zooming, hovering and choosing. All state that
// changes with the pointer lives outside of Preact; a frame of the screen is at
// most one draw.
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { adjust, route } from '../app/state';
import { darkNow } from '../app/theme';
import { KIND_BITS } from './kinds';
import { pfnOfSlot, runOfSlot, slotOfPfn } from './layout';
import { Painter, type View } from './paint';
import { allShown, frames, markPicture, picture, shownKinds } from './store';
import { hoverAt, type Hovered } from './hover';

const MAX_SCALE = 96;
const PAINT_MS = 5; // of a frame of the screen, for tiles that were not yet painted

// What the outside may ask of the picture.
export interface MapControl {
  zoom(factor: number): void;
  fit(): void;
  reveal(pfn: number): void;
}
export const control = signal<MapControl | null>(null);
export const zoomText = signal('');

export function MapCanvas() {
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const mini = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const surface = new Surface(box.current!, base.current!, over.current!, mini.current!);
    control.value = surface;
    return () => {
      control.value = null;
      surface.close();
    };
  }, []);

  return (
    <div
      class="map-box" ref={box} tabIndex={0} role="application" data-testid="map-canvas"
      aria-label="Memory map. Arrow keys move between frames, plus and minus zoom, 0 shows all, Enter keeps the frame chosen."
      aria-describedby="map-said"
    >
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={over} aria-hidden="true" />
      <canvas ref={mini} class="minimap" aria-hidden="true" />
    </div>
  );
}

// A little smaller, where that makes all cells of whole pixels.
function crisp(scale: number): number {
  const each = 2 ** Math.max(0, Math.ceil(-Math.log2(scale) - 1e-9));
  const whole = Math.floor(scale * each);
  return whole / (scale * each) > 0.84 ? whole / each : scale;
}

class Surface implements MapControl {
  private view: View = { x: 0, y: 0, scale: 1 };
  private painter: Painter | null = null;
  private width = 0;
  private height = 0;
  private ratio = 1;
  private queued = 0;
  private drawBase = true;
  private fitted = true;
  private cursor = -1; // slot under the pointer or the keyboard
  private pan: { id: number; x: number; y: number; moved: boolean } | null = null;
  private saving = 0;
  private readonly ends: (() => void)[] = [];
  private miniKey = '';
  private marked: string | undefined;
  private chosen: string | undefined;

  constructor(
    private readonly box: HTMLDivElement,
    private readonly base: HTMLCanvasElement,
    private readonly over: HTMLCanvasElement,
    private readonly mini: HTMLCanvasElement,
  ) {
    const sized = new ResizeObserver(() => this.resize());
    sized.observe(box);
    this.ends.push(() => sized.disconnect());
    this.listen();
    this.ends.push(
      effect(() => {
        const made = picture.value;
        if (!made) {
          this.painter = null;
          return;
        }
        const look = { dark: darkNow.value, shown: shownKinds.value, all: allShown.value, marks: markPicture.value };
        if (this.painter?.pyramid === made.pyramid) this.painter.setLook(look);
        else {
          const first = this.painter === null;
          this.painter = new Painter(made.pyramid, look);
          this.resize();
          if (!first || !this.restore()) this.fit();
          const chosen = route.peek().params.pfn;
          if (chosen) this.reveal(Number(chosen));
        }
        this.miniKey = '';
        this.redraw();
      }),
    );
    this.ends.push(
      effect(() => {
        const { pfn, mark, zoom } = route.value.params;
        // Who comes to see a highlight or a frame is to see it.
        if (mark !== this.marked && mark && zoom === undefined && !this.fitted) this.fit();
        if (pfn !== this.chosen && pfn) this.reveal(Number(pfn));
        this.marked = mark;
        this.chosen = pfn;
        this.redraw(false);
      }),
    );
  }

  close(): void {
    for (const end of this.ends) end();
    cancelAnimationFrame(this.queued);
    clearTimeout(this.saving);
    hoverAt(null);
  }

  // ── Geometry ──

  private resize(): void {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.max(1, Math.round(this.box.clientWidth * this.ratio));
    const height = Math.max(1, Math.round(this.box.clientHeight * this.ratio));
    if (width === this.width && height === this.height) return;
    this.width = this.base.width = this.over.width = width;
    this.height = this.base.height = this.over.height = height;
    if (this.fitted) this.fit();
    this.redraw();
  }

  private fitScale(): number {
    const layout = picture.peek()?.layout;
    if (!layout) return 1;
    const margin = 24 * this.ratio;
    const scale = Math.min((this.width - margin) / layout.usedWidth, (this.height - margin) / layout.usedHeight);
    return Math.min(MAX_SCALE, Math.max(2 ** -12, crisp(scale)));
  }

  fit(): void {
    const layout = picture.peek()?.layout;
    if (!layout) return;
    const scale = this.fitScale();
    this.view = {
      scale,
      x: (layout.usedWidth - this.width / scale) / 2,
      y: (layout.usedHeight - this.height / scale) / 2,
    };
    this.fitted = true;
    this.moved();
  }

  // About the chosen frame when it is in sight, else about the middle.
  zoom(factor: number): void {
    const slot = this.chosenSlot();
    const point = slot === null ? null : picture.peek()?.layout.pointOf(slot);
    const x = point ? (point.x + 0.5 - this.view.x) * this.view.scale : -1;
    const y = point ? (point.y + 0.5 - this.view.y) * this.view.scale : -1;
    const inSight = x >= 0 && y >= 0 && x < this.width && y < this.height;
    this.zoomAt(factor, inSight ? x : this.width / 2, inSight ? y : this.height / 2);
  }

  private chosenSlot(): number | null {
    const read = frames.peek();
    const pfn = route.peek().params.pfn;
    return read && pfn !== undefined ? slotOfPfn(read.runs, Number(pfn)) : null;
  }

  private zoomAt(factor: number, px: number, py: number): void {
    const scale = Math.min(MAX_SCALE, Math.max(this.fitScale() / 2, this.view.scale * factor));
    const x = this.view.x + px / this.view.scale - px / scale;
    const y = this.view.y + py / this.view.scale - py / scale;
    this.view = { x, y, scale };
    this.fitted = false;
    this.moved();
  }

  private clamp(): void {
    const layout = picture.peek()?.layout;
    if (!layout) return;
    const w = this.width / this.view.scale;
    const h = this.height / this.view.scale;
    this.view.x = Math.max(-w * 0.8, Math.min(layout.usedWidth - w * 0.2, this.view.x));
    this.view.y = Math.max(-h * 0.8, Math.min(layout.usedHeight - h * 0.2, this.view.y));
  }

  private moved(): void {
    this.clamp();
    const cell = this.view.scale / this.ratio;
    const each = 2 ** Math.max(0, Math.ceil(-Math.log2(this.view.scale) - 1e-9));
    zoomText.value = each > 1 ? `${each} × ${each} pages a dot` : `a page is ${cell.toFixed(cell < 10 ? 1 : 0)} px`;
    clearTimeout(this.saving);
    this.saving = window.setTimeout(() => this.save(), 400);
    this.redraw();
  }

  private save(): void {
    if (route.peek().view !== 'map') return;
    if (this.fitted) return adjust({ zoom: undefined, x: undefined, y: undefined });
    adjust({
      zoom: Math.log2(this.view.scale / this.ratio).toFixed(2),
      x: String(Math.max(0, Math.round(this.view.x + this.width / this.view.scale / 2))),
      y: String(Math.max(0, Math.round(this.view.y + this.height / this.view.scale / 2))),
    });
  }

  private restore(): boolean {
    const { zoom, x, y } = route.peek().params;
    if (zoom === undefined || x === undefined || y === undefined) return false;
    const scale = Math.min(MAX_SCALE, Math.max(this.fitScale() / 2, 2 ** Number(zoom) * this.ratio));
    this.view = { scale, x: Number(x) - this.width / scale / 2, y: Number(y) - this.height / scale / 2 };
    this.fitted = false;
    this.moved();
    return true;
  }

  reveal(pfn: number): void {
    const read = frames.peek();
    const layout = picture.peek()?.layout;
    const slot = read && slotOfPfn(read.runs, pfn);
    if (!layout || slot === null || slot === undefined) return;
    const point = layout.pointOf(slot);
    const px = (point.x - this.view.x) * this.view.scale;
    const py = (point.y - this.view.y) * this.view.scale;
    if (px < 0 || py < 0 || px > this.width - this.view.scale || py > this.height - this.view.scale) {
      this.view.x = point.x - this.width / this.view.scale / 2;
      this.view.y = point.y - this.height / this.view.scale / 2;
      this.fitted = false;
      this.moved();
    }
    this.redraw(false);
  }

  private slotAt(px: number, py: number): number {
    const layout = picture.peek()?.layout;
    if (!layout) return -1;
    return layout.slotAt(Math.floor(this.view.x + px / this.view.scale), Math.floor(this.view.y + py / this.view.scale));
  }

  // ── Drawing ──

  private redraw(base = true): void {
    this.drawBase ||= base;
    if (!this.queued) this.queued = requestAnimationFrame(() => this.frame());
  }

  private frame(): void {
    this.queued = 0;
    if (!this.painter || !picture.peek()) return;
    if (this.drawBase) {
      this.drawBase = false;
      const context = this.base.getContext('2d', { alpha: false })!;
      if (!this.painter.draw(context, this.width, this.height, this.view, PAINT_MS)) this.redraw();
      this.drawMini();
    }
    const context = this.over.getContext('2d')!;
    context.clearRect(0, 0, this.width, this.height);
    const chosen = this.chosenSlot();
    if (this.cursor >= 0) this.outline(context, this.cursor, false);
    if (chosen !== null) this.outline(context, chosen, true);
  }

  private outline(context: CanvasRenderingContext2D, slot: number, chosen: boolean): void {
    const { x, y } = picture.peek()!.layout.pointOf(slot);
    const size = Math.max(this.view.scale, 5 * this.ratio);
    const px = (x + 0.5 - this.view.x) * this.view.scale - size / 2;
    const py = (y + 0.5 - this.view.y) * this.view.scale - size / 2;
    const dark = darkNow.peek();
    const line = this.ratio * (chosen ? 2 : 1);
    context.lineWidth = line + 2 * this.ratio;
    context.strokeStyle = dark ? '#000' : '#fff';
    context.strokeRect(px - line, py - line, size + 2 * line, size + 2 * line);
    context.lineWidth = line;
    context.strokeStyle = dark ? '#fff' : '#000';
    context.strokeRect(px - line, py - line, size + 2 * line, size + 2 * line);
    if (!chosen || size > 24 * this.ratio) return;
    // A chosen frame can be a dot of the screen: rays lead the eye to it.
    const ray = 14 * this.ratio;
    context.beginPath();
    const cx = px + size / 2;
    const cy = py + size / 2;
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
      context.moveTo(cx + dx * (size / 2 + 4 * line), cy + dy * (size / 2 + 4 * line));
      context.lineTo(cx + dx * (size / 2 + ray), cy + dy * (size / 2 + ray));
    }
    context.stroke();
  }

  // All of memory in the corner, once one sees only a part.
  private drawMini(): void {
    const layout = picture.peek()!.layout;
    const part = this.view.scale > this.fitScale() * 1.3;
    this.mini.hidden = !part;
    if (!part || !this.painter) return;
    const most = 150 * this.ratio;
    const scale = Math.min(most / layout.usedWidth, most / layout.usedHeight);
    const width = Math.ceil(layout.usedWidth * scale);
    const height = Math.ceil(layout.usedHeight * scale);
    const context = this.mini.getContext('2d', { alpha: false })!;
    const key = `${width}.${height}`;
    if (this.miniKey !== key) {
      this.mini.width = width;
      this.mini.height = height;
      this.mini.style.width = `${width / this.ratio}px`;
      this.mini.style.height = `${height / this.ratio}px`;
      this.miniKey = key;
    }
    this.painter.draw(context, width, height, { x: 0, y: 0, scale });
    context.strokeStyle = darkNow.peek() ? '#fff' : '#000';
    context.lineWidth = 1.5 * this.ratio;
    context.strokeRect(
      this.view.x * scale, this.view.y * scale,
      (this.width / this.view.scale) * scale, (this.height / this.view.scale) * scale,
    );
  }

  // ── Pointer and keys ──

  private listen(): void {
    const on = <K extends keyof HTMLElementEventMap>(
      name: K, heard: (event: HTMLElementEventMap[K]) => void, options?: AddEventListenerOptions,
    ) => {
      this.box.addEventListener(name, heard, options);
      this.ends.push(() => this.box.removeEventListener(name, heard, options));
    };
    on('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.box.focus({ preventScroll: true });
      this.box.setPointerCapture(event.pointerId);
      this.pan = { id: event.pointerId, x: event.clientX, y: event.clientY, moved: false };
    });
    on('pointermove', (event) => this.pointer(event));
    on('pointerup', (event) => {
      const { pan } = this;
      this.pan = null;
      this.box.classList.remove('panning');
      if (pan && !pan.moved) this.choose(this.slotAt(...this.place(event)));
    });
    on('pointerleave', () => this.hover(-1, 0, 0));
    on('dblclick', (event) => this.zoomAt(2, ...this.place(event)));
    on(
      'wheel',
      (event) => {
        event.preventDefault();
        this.zoomAt(2 ** (-event.deltaY / (event.deltaMode ? 6 : 240)), ...this.place(event));
        this.pointer(event);
      },
      { passive: false },
    );
    on('keydown', (event) => this.key(event));
  }

  private place(event: MouseEvent): [number, number] {
    const box = this.box.getBoundingClientRect();
    return [(event.clientX - box.left) * this.ratio, (event.clientY - box.top) * this.ratio];
  }

  private pointer(event: MouseEvent): void {
    const { pan } = this;
    if (pan) {
      const dx = event.clientX - pan.x;
      const dy = event.clientY - pan.y;
      if (!pan.moved && Math.hypot(dx, dy) < 4) return;
      pan.moved = true;
      this.box.classList.add('panning');
      this.view.x -= (dx * this.ratio) / this.view.scale;
      this.view.y -= (dy * this.ratio) / this.view.scale;
      pan.x = event.clientX;
      pan.y = event.clientY;
      this.fitted = false;
      this.hover(-1, 0, 0);
      this.moved();
      return;
    }
    this.hover(this.slotAt(...this.place(event)), event.clientX, event.clientY);
  }

  private hover(slot: number, x: number, y: number): void {
    if (slot !== this.cursor) {
      this.cursor = slot;
      this.redraw(false);
    }
    hoverAt(slot < 0 ? null : this.hovered(slot, x, y));
  }

  private hovered(slot: number, x: number, y: number): Hovered {
    const read = frames.peek()!;
    const run = runOfSlot(read.runs, slot)!;
    return { slot, pfn: pfnOfSlot(read.runs, slot), run, byte: read.bytes[slot]!, kind: read.bytes[slot]! & KIND_BITS, x, y };
  }

  private choose(slot: number): void {
    const read = frames.peek();
    const pfn = read && slot >= 0 ? pfnOfSlot(read.runs, slot) : null;
    if (pfn !== null) adjust({ pfn: String(pfn) }, false);
  }

  private key(event: KeyboardEvent): void {
    const layout = picture.peek()?.layout;
    const read = frames.peek();
    if (!layout || !read || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = Math.max(1, Math.round(8 / this.view.scale)) * (event.shiftKey ? 8 : 1);
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const move = moves[event.key];
    if (move) {
      const from = this.cursor >= 0 ? layout.pointOf(this.cursor) : layout.pointOf(slotOfPfn(read.runs, Number(route.peek().params.pfn ?? NaN)) ?? 0);
      const slot = layout.slotAt(from.x + move[0], from.y + move[1]);
      if (slot >= 0) {
        this.cursor = slot;
        const pfn = pfnOfSlot(read.runs, slot);
        if (pfn !== null) this.reveal(pfn);
        this.cursor = slot;
        this.redraw(false);
        const point = layout.pointOf(slot);
        const bounds = this.box.getBoundingClientRect();
        hoverAt(this.hovered(slot,
          bounds.left + ((point.x + 0.5 - this.view.x) * this.view.scale) / this.ratio,
          bounds.top + ((point.y + 0.5 - this.view.y) * this.view.scale) / this.ratio));
      }
    } else if (event.key === '+' || event.key === '=') this.keyZoom(2, layout);
    else if (event.key === '-') this.keyZoom(0.5, layout);
    else if (event.key === '0') this.fit();
    else if (event.key === 'Enter' || event.key === ' ') this.choose(this.cursor);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private keyZoom(factor: number, layout: { pointOf(slot: number): { x: number; y: number } }): void {
    if (this.cursor < 0) return this.zoom(factor);
    const { x, y } = layout.pointOf(this.cursor);
    this.zoomAt(factor, (x + 0.5 - this.view.x) * this.view.scale, (y + 0.5 - this.view.y) * this.view.scale);
  }
}
