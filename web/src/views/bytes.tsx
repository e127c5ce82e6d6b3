// Memory byte for byte: any space, any address, a structure laid over it, search,
// and what the bytes at the cursor could mean.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { adjust, asked, client, dump, go, route, tableOnce, troubleOf } from '../app/state';
import { type Cell, cellBig, cellNumber, textOf } from '../lib/cell';
import { visible } from '../lib/escape';
import { shortHex } from '../lib/format';
import { Segmented } from '../parts/basics';
import { Form } from '../parts/form';
import type { Place } from '../protocol';
import { arrived, bytesFrom, type OneByte } from './byte_store';
import { Inspector } from './inspector';
import { Overlay, type Painted, useOverlay } from './overlay';
import { SearchBox } from './byte_search';
import { placeOf } from './types';

const WIDTH = 16;
const ROW = 20;
const TOP = (1n << 64n) - 1n;

export function atText(place: Place): string {
  return `${place.space}:${place.pid === undefined ? '' : `${place.pid}:`}${shortHex(place.address)}`;
}

// First and last address that the scrollbar spans.
function useSpan(place: Place): [bigint, bigint] {
  const segments = asked('end of memory', async (c) => {
    const rows = await c.query({ table: 'segments', columns: ['end'], limit: 100000 });
    return rows.rows.reduce((most: bigint, row: Cell[]) => ((cellBig(row[0]) ?? 0n) > most ? cellBig(row[0])! : most), 0n);
  });
  if (place.space === 'f') return [0n, BigInt(Math.max(0, dump.value!.opened.fileBytes - 1))];
  if (place.space === 'p') return [0n, segments.state === 'ready' && segments.value > 0n ? segments.value - 1n : (1n << 32n) - 1n];
  return place.pid === undefined ? [1n << 63n, TOP] : [0n, (1n << 47n) - 1n];
}

export function BytesView() {
  const at = route.value.params.at;
  const place = useMemo(() => (at && placeOf(at)) || { space: 'p' as const, address: 0n }, [at]);
  return (
    <div class="view bytes-view" data-testid="view-bytes">
      <Tools place={place} />
      <Hex place={place} />
    </div>
  );
}

function Tools({ place }: { place: Place }) {
  const [error, setError] = useState('');
  const attached = dump.value!.opened.attached;
  const space = place.space === 'v' ? (place.pid === undefined ? 'kernel' : 'process') : place.space;
  const tasks = attached ? tableOnce('tasks', ['pid', 'tgid', 'comm', 'mm']) : null;
  const processes = tasks?.state === 'ready'
    ? tasks.value.filter((task) => cellNumber(task.pid) === cellNumber(task.tgid) && task.mm !== null) : [];
  const toSpace = async (to: string) => {
    setError('');
    if (to === 'f') {
      if (place.space === 'p') {
        // The same bytes, where the file holds them.
        const frame = await client().frame(Number(place.address / BigInt(dump.value!.opened.pageBytes)), false).catch(() => null);
        if (frame?.fileOffset != null) return go('bytes', { at: `f:${shortHex(frame.fileOffset + (place.address - frame.physical))}` });
      }
      return go('bytes', { at: 'f:0x0' });
    }
    if (to === 'p') {
      if (place.space === 'v') {
        const found = await client().translate(place).catch(() => null);
        if (found?.physical != null) return go('bytes', { at: `p:${shortHex(found.physical)}` });
      }
      return go('bytes', { at: 'p:0x0' });
    }
    if (to === 'kernel') return void jump('init_task');
    const first = processes[0];
    if (first) await toProcess(String(first.pid));
  };
  const toProcess = async (pid: string) => {
    const areas = await client().query({ table: 'vmas', columns: ['start'], constraints: [{ column: 'tgid', op: '=', value: pid }], limit: 1 }).catch(() => null);
    const start = cellBig(areas?.rows[0]?.[0]);
    go('bytes', { at: `v:${pid}:${shortHex(start ?? 0n)}` });
  };
  const jump = async (text: string) => {
    setError('');
    try {
      const { place: to } = await client().resolve(text.trim());
      go('bytes', { at: atText(to) });
    } catch (failure) {
      setError(troubleOf(failure).message);
    }
  };
  return (
    <header class="view-head">
      <h1>Bytes</h1>
      <Segmented id="bytes-space" label="Space" at={space}
        options={[
          { id: 'p', label: 'Physical', title: 'Guest-physical memory' },
          ...(attached ? [{ id: 'kernel', label: 'Kernel', title: 'Virtual, as the kernel sees it' }, { id: 'process', label: 'Process', title: 'Virtual, as a process sees it' }] : []),
          { id: 'f', label: 'File', title: 'The dump’s file' },
        ]}
        on={(to) => void toSpace(to)} />
      {space === 'process' && (
        <select aria-label="Process" data-testid="bytes-process" value={String(place.pid)} onChange={(event) => void toProcess(event.currentTarget.value)}>
          {processes.map((task) => <option key={String(task.pid)} value={String(task.pid)}>{String(task.pid)} {visible(textOf(task.comm))}</option>)}
        </select>
      )}
      <Form class="bytes-address" label="Address of the bytes" on={(text) => void jump(text)}>
        <input key={atText(place)} name="at" type="text" defaultValue={atText(place)} aria-label="Address" spellcheck={false} autocomplete="off" data-testid="bytes-address" />
      </Form>
      {error && <span class="gap-note" role="alert">{error}</span>}
    </header>
  );
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

function glyph(byte: OneByte): string {
  if (byte.state === 'loading') return ' ';
  if (byte.value < 0) return ' ';
  return byte.value >= 0x20 && byte.value < 0x7f ? String.fromCharCode(byte.value) : '·';
}

function aligned(address: bigint): bigint {
  return address - (address % BigInt(WIDTH));
}

function Hex({ place }: { place: Place }) {
  const box = useRef<HTMLDivElement>(null);
  const [rows, setRows] = useState(30);
  const [top, setTop] = useState(aligned(place.address));
  const [cursor, setCursor] = useState(place.address);
  const [low, high] = useSpan(place);
  const overlay = useOverlay(route.value.params.overlay, place);
  void arrived.value;

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRows(Math.max(4, Math.floor(entry!.contentRect.height / ROW))));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  // A place that was gone to is shown with a little of what is before it.
  useEffect(() => {
    setCursor(place.address);
    setTop((old) => {
      const inSight = place.address >= old && place.address < old + BigInt(rows * WIDTH);
      return inSight ? old : clampTop(aligned(place.address) - BigInt(2 * WIDTH));
    });
  }, [place.space, place.pid, place.address]);

  const lastTop = aligned(high) - BigInt((rows - 1) * WIDTH);
  const clampTop = (to: bigint): bigint => (to > lastTop ? (lastTop < low ? low : lastTop) : to < low ? low : to);
  const scroll = (to: bigint) => setTop(clampTop(aligned(to < 0n ? 0n : to)));
  const move = (to: bigint) => {
    const at = to < low ? low : to > high ? high : to;
    setCursor(at);
    if (at < top) scroll(at);
    else if (at >= top + BigInt(rows * WIDTH)) scroll(aligned(at) - BigInt((rows - 1) * WIDTH));
  };
  // The cursor is where one is: the address follows it.
  useEffect(() => {
    if (cursor === place.address) return;
    const timer = setTimeout(() => adjust({ at: atText({ ...place, address: cursor }) }), 350);
    return () => clearTimeout(timer);
  }, [cursor]);

  const n = rows * WIDTH;
  const bytes = bytesFrom(place, top, n);
  const onKey = (event: KeyboardEvent) => {
    const moves: Record<string, bigint> = {
      ArrowLeft: -1n, ArrowRight: 1n, ArrowUp: -16n, ArrowDown: 16n, PageUp: -BigInt(n - WIDTH), PageDown: BigInt(n - WIDTH),
    };
    const by = moves[event.key];
    if (by !== undefined) move(cursor + by);
    else if (event.key === 'Home') move(event.ctrlKey ? low : aligned(cursor));
    else if (event.key === 'End') move(event.ctrlKey ? high : aligned(cursor) + 15n);
    else return;
    event.preventDefault();
  };
  const gap = bytes.find((byte) => byte.value < 0 && byte.state !== 'loading');
  return (
    <div class="bytes-main">
      <div class="hex-box">
        <div class="hex-head" aria-hidden="true">
          <span class="hex-address">{' '.repeat(18)}</span>
          <span class="hex-cells">{Array.from({ length: WIDTH }, (_, i) => <span key={i} class={Number(cursor % 16n) === i ? 'on' : ''}>{i.toString(16)}</span>)}</span>
        </div>
        <div class="hex-area" id="hex" ref={box} tabIndex={0} role="application" data-testid="hex" aria-label="Bytes. Arrow keys move the cursor." aria-describedby="hex-said"
          onKeyDown={onKey} onWheel={(event) => { event.preventDefault(); scroll(top + BigInt(Math.round(event.deltaY / (event.deltaMode ? 1 : 40)) || Math.sign(event.deltaY)) * 16n * 3n); }}>
          {Array.from({ length: rows }, (_, r) => {
            const address = top + BigInt(r * WIDTH);
            if (address > high) return null;
            return <HexRow key={r} address={address} bytes={bytes.slice(r * WIDTH, (r + 1) * WIDTH)} cursor={cursor} painted={overlay.painted} base={overlay.base} choose={setCursor} />;
          })}
        </div>
        <Scrollbar low={low} high={high} top={top} page={BigInt(n)} scroll={scroll} />
      </div>
      <aside class="bytes-side" aria-label="Inspector">
        <p id="hex-said" class="hidden-text" aria-live="polite">{shortHex(cursor)}</p>
        {gap && <p class="gap-note" data-testid="hex-gap">Hatched: {gap.reason || gap.state}</p>}
        <Inspector place={place} cursor={cursor} />
        <Overlay state={overlay} cursor={cursor} />
        <SearchBox place={place} />
      </aside>
    </div>
  );
}

function HexRow(props: {
  address: bigint; bytes: OneByte[]; cursor: bigint; painted: Painted | null; base: bigint; choose: (at: bigint) => void;
}) {
  const { address, bytes, cursor, painted } = props;
  const cells = bytes.map((byte, i) => {
    const at = address + BigInt(i);
    const offset = painted ? at - props.base : -1n;
    const member = painted && offset >= 0n && offset < BigInt(painted.of.length) ? painted.of[Number(offset)]! : -1;
    const gap = byte.value < 0 && byte.state !== 'loading';
    return {
      key: i, text: byte.value < 0 ? (byte.state === 'loading' ? '··' : '  ') : HEX[byte.value]!, glyph: glyph(byte),
      class: `${at === cursor ? 'cursor ' : ''}${gap ? 'hatched ' : ''}${byte.value === 0 ? 'zero ' : ''}${member >= 0 ? `member member-${member % 6}` : ''}`,
      title: gap ? byte.reason || byte.state : member >= 0 ? visible(painted!.names[member]!) : undefined,
      at,
    };
  });
  return (
    <div class="hex-row">
      <span class="hex-address">{`0x${address.toString(16).padStart(16, '0')}`}</span>
      <span class="hex-cells">
        {cells.map((cell) => <span key={cell.key} class={cell.class} title={cell.title} onClick={() => props.choose(cell.at)}>{cell.text}</span>)}
      </span>
      <span class="hex-text">
        {cells.map((cell) => <span key={cell.key} class={cell.class} onClick={() => props.choose(cell.at)}>{cell.glyph}</span>)}
      </span>
    </div>
  );
}

const TRACK = 100000n; // steps: finer than any screen

function Scrollbar({ low, high, top, page, scroll }: { low: bigint; high: bigint; top: bigint; page: bigint; scroll: (to: bigint) => void }) {
  const track = useRef<HTMLDivElement>(null);
  const range = high - low - page;
  const share = range > 0n ? Number(((top - low) * TRACK) / range) / Number(TRACK) : 0;
  const size = Math.max(0.03, Math.min(1, Number(page) / Math.max(1, Number(high - low))));
  const drag = (event: PointerEvent) => {
    if (!track.current!.hasPointerCapture(event.pointerId) && event.type !== 'pointerdown') return;
    const box = track.current!.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (event.clientY - box.top - (size * box.height) / 2) / (box.height * (1 - size) || 1)));
    scroll(low + ((range > 0n ? range : 0n) * BigInt(Math.round(part * Number(TRACK)))) / TRACK);
  };
  return (
    <div class="scrollbar" ref={track} role="scrollbar" aria-controls="hex" aria-orientation="vertical" aria-label="Place in memory"
      aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} data-testid="hex-scrollbar"
      onPointerDown={(event) => { event.preventDefault(); track.current!.setPointerCapture(event.pointerId); drag(event); }} onPointerMove={drag}>
      <span style={{ top: `${share * (1 - size) * 100}%`, height: `${size * 100}%` }} />
    </div>
  );
}
