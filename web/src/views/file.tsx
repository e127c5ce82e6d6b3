// One cached file: which parts of it are in memory, and saving it.
import { useEffect, useRef, useState } from 'preact/hooks';

import { adjust, asked, client, dump, go, records, rowsOnce, said, type Trouble, troubleOf } from '../app/state';
import { darkNow } from '../app/theme';
import { type Cell, cellBig, cellNumber, textOf } from '../lib/cell';
import { bytesText, percentText, plural, shortHex } from '../lib/format';
import { Answered, Fact, Facts, Problem } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import { save } from '../parts/save';
import type { Extracted } from '../protocol';
import type { CachedFile } from './file_tree';

const PAGES: GridColumn[] = [
  { name: 'file_offset', title: 'offset', kind: 'u64', doc: 'Where in the file' },
  { name: 'pfn', kind: 'u64', doc: 'Page frame' },
  { name: 'physical', kind: 'address', doc: 'Its physical address' },
  { name: 'dirty', kind: 'bool', doc: 'Changed, and not yet written back' },
  { name: 'uptodate', kind: 'bool', doc: 'Whether its bytes are the file’s' },
  { name: 'writeback', kind: 'bool', doc: 'Being written back' },
  { name: 'order', kind: 'u64', doc: 'Of the folio that it is a page of' },
];

export function FileDetail({ device, inode, known }: { device: string; inode: string; known: CachedFile | null }) {
  const pages = rowsOnce('page_cache', PAGES.map((column) => column.name), [
    { column: 'device', op: '=', value: device }, { column: 'inode', op: '=', value: inode },
  ]);
  const about = asked(`inode ${device} ${inode}`, async (c) => records(await c.query({
    table: 'inodes', constraints: [{ column: 'device', op: '=', value: device }, { column: 'inode', op: '=', value: inode }], limit: 1,
  }))[0] ?? null);
  const page = dump.value!.opened.pageBytes;
  const path = known?.path || (about.state === 'ready' ? textOf(about.value?.path) : '');
  return (
    <section class="detail" data-testid="file-detail" aria-label="File">
      <header class="detail-head">
        <h2>{path ? <Guest text={path.split('/').pop()!} max={80} /> : `inode ${inode}`}</h2>
        <span class="spacer" />
        <Link view="map" params={{ mark: `file.${device}.${inode}` }} testid="file-map">In the memory map</Link>
        <button type="button" class="quiet" aria-label="Close the file" data-testid="file-close"
          onClick={() => adjust({ device: undefined, inode: undefined })}>✕</button>
      </header>
      <div class="detail-body padded file-body">
        <Answered of={about} what="Reading the inode">
          {(row) => row && (
            <Facts>
              <Fact name="path">{path ? <Guest text={path} max={4000} /> : <span class="soft">no name is in memory</span>}</Fact>
              <Fact name="size">{bytesText(cellNumber(row.bytes))}</Fact>
              <Fact name="file system"><Guest text={textOf(row.fs_type)} max={40} /> {device}, inode {inode}</Fact>
              <Fact name="mode">{cellBig(row.mode ?? null)?.toString(8)} {textOf(row.kind)}, {plural(cellNumber(row.links), 'link')}</Fact>
              {typeof row.address === 'bigint' && (
                <Fact name="struct inode"><Link view="types" params={{ show: 'inode', at: `v:${shortHex(row.address)}` }}><code>{shortHex(row.address)}</code></Link></Fact>
              )}
            </Facts>
          )}
        </Answered>
        <Answered of={pages} what="Looking up its pages">
          {(rows) => (
            <>
              <Strip rows={rows.rows} page={page} size={about.state === 'ready' ? cellNumber(about.value?.bytes) : 0} />
              <Save device={device} inode={inode} name={path} />
              <div class="file-pages">
                <Grid id="file-pages" label="Cached pages" columns={PAGES} rows={rows.rows} saveAs="file-pages" plain
                  onOpen={(row) => go('map', { pfn: String(row[1]) })}
                  cell={(row, c) => (c === 0 && typeof row[0] === 'bigint' ? <>{shortHex(row[0])}</> : undefined)} />
              </div>
            </>
          )}
        </Answered>
      </div>
    </section>
  );
}

// The file from its first byte to its last, in lines: cached parts are full,
// parts changed in memory have a mark, the rest is hatched.
const CELL = 9;

function Strip({ rows, page, size }: { rows: Cell[][]; page: number; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = rows.reduce((most, row) => Math.max(most, cellNumber(row[0]) + page), size);
  const pages = Math.max(1, Math.ceil(last / page));
  const dirty = rows.filter((row) => row[3] === true).length;
  useEffect(() => {
    const element = canvas.current!;
    const draw = () => {
      const ratio = Math.min(2, devicePixelRatio || 1);
      const width = element.parentElement!.clientWidth;
      const columns = Math.max(8, Math.floor(width / CELL));
      const most = columns * 24;
      const each = Math.max(1, Math.ceil(pages / most)); // pages of one cell
      const cells = Math.ceil(pages / each);
      const lines = Math.ceil(cells / columns);
      element.width = columns * CELL * ratio;
      element.height = lines * CELL * ratio;
      element.style.width = `${columns * CELL}px`;
      element.style.height = `${lines * CELL}px`;
      const cached = new Float32Array(cells);
      const changed = new Uint8Array(cells);
      for (const row of rows) {
        const cell = Math.floor(cellNumber(row[0]) / page / each);
        if (cell < 0 || cell >= cells) continue;
        cached[cell]! += 1 / each;
        if (row[3] === true) changed[cell] = 1;
      }
      const context = element.getContext('2d')!;
      context.scale(ratio, ratio);
      const dark = darkNow.value;
      for (let i = 0; i < cells; i++) {
        const x = (i % columns) * CELL;
        const y = Math.floor(i / columns) * CELL;
        context.fillStyle = dark ? '#1d232b' : '#eef0f2';
        context.fillRect(x, y, CELL - 1, CELL - 1);
        if (cached[i]! > 0) {
          context.fillStyle = changed[i] ? (dark ? '#f0b429' : '#c47f00') : dark ? '#3d9bd9' : '#0072b2';
          const height = Math.max(2, Math.round((CELL - 1) * Math.min(1, cached[i]!)));
          context.fillRect(x, y + CELL - 1 - height, CELL - 1, height);
          if (changed[i]) {
            context.fillStyle = dark ? '#000' : '#fff';
            context.fillRect(x + 3, y + 3, 2, 2);
          }
        } else {
          context.strokeStyle = dark ? '#47505c' : '#b9b4aa';
          context.beginPath();
          context.moveTo(x + 1, y + CELL - 2);
          context.lineTo(x + CELL - 2, y + 1);
          context.stroke();
        }
      }
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element.parentElement!);
    return () => observer.disconnect();
  }, [rows, pages, darkNow.value]);
  return (
    <div class="strip" data-testid="file-strip">
      <h3>{plural(rows.length, 'page')} of {pages} cached ({percentText(rows.length, pages)}){dirty > 0 && `, ${dirty} changed and not written back`}</h3>
      <canvas ref={canvas} role="img" aria-label={`${rows.length} of ${pages} pages are cached, ${dirty} are dirty`} />
      <p class="soft strip-key">
        <span class="swatch" style={{ backgroundColor: darkNow.value ? '#3d9bd9' : '#0072b2' }} /> cached
        {dirty > 0 && <><span class="swatch" style={{ backgroundColor: darkNow.value ? '#f0b429' : '#c47f00' }}>▪</span> changed</>}
        <span class="swatch hatched" /> not in memory
      </p>
    </div>
  );
}

function Save({ device, inode, name }: { device: string; inode: string; name: string }) {
  const [state, setState] = useState<{ busy: boolean; done: Extracted | null; trouble: Trouble | null }>({ busy: false, done: null, trouble: null });
  const start = async () => {
    setState({ busy: true, done: null, trouble: null });
    try {
      const done = await client().extract({ device, inode: BigInt(inode) });
      save(done.blob, 'application/octet-stream', done.name || name);
      said.value = 'Saved';
      setState({ busy: false, done, trouble: null });
    } catch (error) {
      setState({ busy: false, done: null, trouble: troubleOf(error) });
    }
  };
  const missing = state.done?.missing.reduce((sum, hole) => sum + hole.end - hole.start, 0n) ?? 0n;
  return (
    <div class="file-save">
      <button type="button" class="button small" data-testid="file-save" disabled={state.busy} onClick={() => void start()}>
        {state.busy ? 'Reading…' : 'Save what is cached'}
      </button>
      {state.done && (
        <span class={missing ? 'gap-note' : 'soft'} role="status" data-testid="file-saved">
          {bytesText(Number(state.done.bytes))} saved{missing > 0n && `; ${bytesText(Number(missing))} in ${plural(state.done.missing.length, 'place')} are not in memory, and zeros stand there`}
        </span>
      )}
      {state.trouble && <Problem trouble={state.trouble} />}
    </div>
  );
}
