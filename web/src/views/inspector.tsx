// What the bytes at the cursor could mean.
import { asked, dump } from '../app/state';
import { addressText } from '../lib/cell';
import { countText, shortHex, timeText } from '../lib/format';
import { Fact, Facts } from '../parts/basics';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import type { Place } from '../protocol';
import { arrived, bytesFrom } from './byte_store';

const SOON = 1_000_000_000n; // seconds: since 2001
const LATE = 4_000_000_000n;

export function Inspector({ place, cursor }: { place: Place; cursor: bigint }) {
  void arrived.value;
  const bytes = bytesFrom(place, cursor, 32);
  let n = bytes.findIndex((byte) => byte.value < 0);
  if (n < 0) n = bytes.length;
  const data = new DataView(Uint8Array.from(bytes.slice(0, n), (byte) => byte.value).buffer);
  const word = n >= 8 ? data.getBigUint64(0, true) : null;
  const here = { ...place, address: cursor };
  return (
    <section data-testid="inspector">
      <h2><code>{addressText(cursor)}</code></h2>
      <Where place={here} />
      {n === 0 ? (
        <p class="soft">{bytes[0]?.state === 'loading' ? 'reading…' : 'No bytes here.'}</p>
      ) : (
        <Facts>
          <Fact name="8 bits"><code>{data.getUint8(0)}</code> {data.getInt8(0) < 0 && <span class="soft">{data.getInt8(0)}</span>}</Fact>
          {n >= 2 && <Fact name="16 bits"><code>{data.getUint16(0, true)}</code> {data.getInt16(0, true) < 0 && <span class="soft">{data.getInt16(0, true)}</span>}</Fact>}
          {n >= 4 && <Fact name="32 bits"><code>{data.getUint32(0, true)}</code> {data.getInt32(0, true) < 0 && <span class="soft">{data.getInt32(0, true)}</span>}</Fact>}
          {word !== null && <Fact name="64 bits"><code>{word.toString()}</code></Fact>}
          {word !== null && <Fact name="pointer"><Pointer value={word} /></Fact>}
          {n >= 8 && <Fact name="double"><code>{String(data.getFloat64(0, true))}</code></Fact>}
          {n >= 4 && BigInt(data.getUint32(0, true)) > SOON && BigInt(data.getUint32(0, true)) < LATE && <Fact name="time">{timeText(data.getUint32(0, true))}</Fact>}
          {word !== null && word / 1_000_000_000n > SOON && word / 1_000_000_000n < LATE && <Fact name="time, ns">{timeText(Number(word / 1_000_000_000n))}</Fact>}
          <Fact name="text"><Guest text={text(data)} max={40} /></Fact>
        </Facts>
      )}
    </section>
  );
}

function text(data: DataView): string {
  const bytes = new Uint8Array(data.buffer);
  const end = bytes.indexOf(0);
  return new TextDecoder('utf-8').decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function Pointer({ value }: { value: bigint }) {
  const known = dump.value!.opened.attached && value >= 1n << 63n;
  const named = asked(`symbol near ${known ? value : ''}`, async (c) =>
    known ? (await c.resolve(`v:${shortHex(value)}`)).symbol : null);
  if (!known) return <code class="soft">{shortHex(value)}</code>;
  return (
    <>
      <Link view="bytes" params={{ at: `v:${shortHex(value)}` }} testid="inspect-pointer"><code>{shortHex(value)}</code></Link>
      {named.state === 'ready' && named.value && <> <Guest text={named.value} max={60} /></>}
    </>
  );
}

// Where the address is: its symbol, and the frame behind it.
function Where({ place }: { place: Place }) {
  const { attached, pageBytes } = dump.value!.opened;
  const virtual = place.space === 'v' && attached;
  const page = place.address - (place.address % BigInt(pageBytes));
  const found = asked(`translate ${virtual ? `${place.pid ?? ''} ${page}` : ''}`, async (c) =>
    virtual ? c.translate({ ...place, address: page }) : null);
  const named = asked(`symbol at ${virtual && place.pid === undefined ? place.address : ''}`, async (c) =>
    virtual && place.pid === undefined ? (await c.resolve(`v:${shortHex(place.address)}`)).symbol : null);
  const physical = place.space === 'p' ? place.address : found.state === 'ready' && found.value?.physical != null ? found.value.physical + (place.address - page) : null;
  const flags = found.state === 'ready' && found.value?.state === 'present'
    ? [found.value.writable ? 'writable' : 'read-only', found.value.executable && 'executable', found.value.user && 'user'].filter(Boolean).join(', ') : '';
  return (
    <p class="where">
      {named.state === 'ready' && named.value && <strong><Guest text={named.value} max={80} /></strong>}
      {physical !== null && attached && (
        <span>
          {place.space === 'v' && <>physical <Link view="bytes" params={{ at: `p:${shortHex(physical)}` }}><code>{shortHex(physical)}</code></Link>, </>}
          <Link view="map" params={{ pfn: (physical / BigInt(pageBytes)).toString() }} testid="inspect-frame">frame {countText(physical / BigInt(pageBytes))}</Link>
        </span>
      )}
      {flags && <span class="soft">{flags}</span>}
      {virtual && found.state === 'ready' && found.value && found.value.physical === null && <span class="gap-note">not mapped ({found.value.state})</span>}
    </p>
  );
}
