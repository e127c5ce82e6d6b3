// One frame: what it is, whose it is, who uses it, and a look at its bytes.
import { useEffect, useRef, useState } from 'preact/hooks';

import { adjust, asked, client } from '../app/state';
import { darkNow } from '../app/theme';
import { addressText, bytesHex, type Cell, cellBig, textOf } from '../lib/cell';
import { bytesText, shortHex } from '../lib/format';
import { Answered, Fact, Facts } from '../parts/basics';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import { Value } from '../parts/value';
import type { Bytes, Frame } from '../protocol';
import { kindCode, KINDS } from './kinds';
import { Swatch } from './swatch';

export const STATE_TEXT: Record<string, string> = {
  present: 'in the dump', zero: 'declared to be zero', absent: 'not in the dump', filtered: 'left out of the dump',
  unmapped: 'not mapped', error: 'can’t be read',
};

export function FramePanel({ pfn, pageBytes }: { pfn: number; pageBytes: number }) {
  const frame = asked(`frame ${pfn}`, (c) => c.frame(pfn, true));
  const bytes = asked(`frame bytes ${pfn}`, (c) =>
    c.read({ space: 'p', address: BigInt(pfn) * BigInt(pageBytes) }, pageBytes));
  return (
    <section class="frame-panel" data-testid="frame-panel" aria-label={`Frame ${pfn}`}>
      <div class="panel-head">
        <h2>Frame {pfn}</h2>
        <button type="button" class="quiet" aria-label="Close the frame" data-testid="frame-close"
          onClick={() => adjust({ pfn: undefined })}>✕</button>
      </div>
      <Answered of={frame} what="Looking at the frame">
        {(value) => <FrameFacts frame={value} />}
      </Answered>
      <Answered of={bytes} what="Reading its bytes">
        {(value) => <Magnifier bytes={value} />}
      </Answered>
    </section>
  );
}

function page(frame: Frame, name: string): Cell {
  return frame.page?.[name] ?? null;
}

function FrameFacts({ frame }: { frame: Frame }) {
  const kind = textOf(page(frame, 'kind'));
  const struct = asked(`struct page ${frame.pfn}`, async (c) =>
    (await c.query({ table: 'pages', columns: ['address'], constraints: [{ column: 'pfn', op: '=', value: BigInt(frame.pfn) }], limit: 1 })).rows[0]?.[0] ?? null);
  const address = struct.state === 'ready' ? struct.value : null;
  const order = cellBig(page(frame, 'order'));
  return (
    <>
      <p class="frame-kind">
        {kind ? <><Swatch code={kindCode(kind)} /> <strong>{KINDS[kindCode(kind)]!.label}</strong></> : 'No struct page: no memory of the kernel’s'}
      </p>
      {textOf(page(frame, 'owner')) !== '' && (
        <p class="frame-owner" data-testid="frame-owner"><Guest text={textOf(page(frame, 'owner'))} /></p>
      )}
      <Facts>
        <Fact name="physical"><code>{addressText(frame.physical)}</code></Fact>
        <Fact name="bytes">{STATE_TEXT[frame.state]}{frame.fileOffset !== null && <>, at <code>{shortHex(frame.fileOffset)}</code> of the file</>}</Fact>
        {frame.page && (
          <>
            {order !== null && order > 0n && <Fact name="part of">a block of {(1n << order).toString()} pages (order {order.toString()})</Fact>}
            <Fact name="references"><Value cell={page(frame, 'references')} column={{ name: 'references', kind: 'i64' }} /></Fact>
            <Fact name="mappings"><Value cell={page(frame, 'mappings')} column={{ name: 'mappings', kind: 'i64' }} /></Fact>
            <Fact name="flags"><Value cell={page(frame, 'flags')} column={{ name: 'flags', kind: 'text' }} /></Fact>
            {typeof address === 'bigint' && (
              <Fact name="struct page"><Link view="types" params={{ at: `v:${shortHex(address)}`, show: 'page' }} title="Show its struct page"><code>{addressText(address)}</code></Link></Fact>
            )}
          </>
        )}
      </Facts>
      <h3>Used by</h3>
      {frame.users.length === 0 && <p class="soft">{frame.usersComplete ? 'No process has it mapped.' : 'No process is known to have it mapped.'}</p>}
      <ul class="users" data-testid="frame-users">
        {frame.users.slice(0, 200).map((user, i) => (
          <li key={i}>
            <Link view="processes" params={{ pid: user.tgid.toString() }}><Guest text={textOf(user.comm)} /> {user.tgid.toString()}</Link>
            {' '}at{' '}
            <Link view="bytes" params={{ at: `v:${user.tgid}:${shortHex(user.address)}` }}><code>{shortHex(user.address)}</code></Link>
          </li>
        ))}
      </ul>
      {frame.users.length > 200 && <p class="soft">and {frame.users.length - 200} more</p>}
      <p class="actions">
        <Link view="bytes" params={{ at: `p:${shortHex(frame.physical)}` }} testid="frame-bytes">Open its bytes</Link>
        {kind === 'file' || kind === 'shmem' ? <FileLink pfn={frame.pfn} /> : null}
      </p>
    </>
  );
}

function FileLink({ pfn }: { pfn: number }) {
  const find = async () => {
    const found = await client().sql({ text: 'SELECT device, inode FROM page_cache WHERE pfn = ? LIMIT 1', parameters: [BigInt(pfn)] });
    const row = found.rows[0];
    if (row) adjust({ mark: `file.${textOf(row[0])}.${String(row[1])}` }, false);
  };
  return <button type="button" class="link" data-testid="frame-mark-file" onClick={() => void find()}>Highlight its file</button>;
}

const SIDE = 64;

// Every byte a dot: zero is empty, text is warm, 0xff is full, all else by value.
function byteColours(dark: boolean): Uint32Array {
  const colours = new Uint32Array(256);
  for (let value = 0; value < 256; value++) {
    const t = value / 255;
    let rgb = dark ? [40 + 60 * t, 70 + 90 * t, 110 + 120 * t] : [205 - 150 * t, 220 - 130 * t, 235 - 95 * t];
    if (value === 0) rgb = dark ? [22, 26, 32] : [246, 247, 249];
    else if (value >= 0x20 && value < 0x7f) rgb = dark ? [228, 160, 60] : [214, 130, 0];
    else if (value === 0xff) rgb = dark ? [255, 255, 255] : [30, 34, 40];
    colours[value] = (0xff000000 | (rgb[2]! << 16) | (rgb[1]! << 8) | rgb[0]!) >>> 0;
  }
  return colours;
}

function Magnifier({ bytes }: { bytes: Bytes }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState(0);
  const data = bytes.bytes;
  const gap = bytes.ranges.find((range) => range.state !== 'present' && range.state !== 'zero');
  const rows = Math.ceil(data.length / SIDE);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const colours = byteColours(darkNow.value);
    const image = context.createImageData(SIDE, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < data.length; i++) pixels[i] = colours[data[i]!]!;
    for (const range of bytes.ranges)
      if (range.state !== 'present' && range.state !== 'zero')
        for (let i = range.start; i < range.end; i++) pixels[i] = ((i + Math.floor(i / SIDE)) & 3) === 0 ? 0xff888888 : 0;
    context.putImageData(image, 0, 0);
  }, [bytes, darkNow.value]);
  const line = Math.min(at - (at % 16), Math.max(0, data.length - 128));
  const point = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * SIDE);
    const y = Math.floor(((event.clientY - box.top) / box.height) * rows);
    setAt(Math.max(0, Math.min(data.length - 1, y * SIDE + x)));
  };
  return (
    <>
      <h3>Its {bytesText(data.length)}</h3>
      {gap && <p class="gap-note">{gap.reason || STATE_TEXT[gap.state]}</p>}
      {(!gap || gap.end - gap.start < data.length) && (
        <>
          <canvas class="magnifier" ref={canvas} width={SIDE} height={rows} onMouseMove={point} data-testid="magnifier"
            role="img" aria-label="Every byte of the frame as a dot: empty is zero, orange is text, blue is other" />
          <pre class="hex-lines" aria-label="Bytes of the frame">
            {[0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
              const from = line + i * 16;
              const part = data.subarray(from, from + 16);
              return `${from.toString(16).padStart(4, '0')}  ${bytesHex(part.subarray(0, 8))} ${bytesHex(part.subarray(8))}  ${ascii(part)}\n`;
            })}
          </pre>
        </>
      )}
    </>
  );
}

export function ascii(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
  return text;
}
