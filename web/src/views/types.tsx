// Types: search, layout with offsets and holes, the C declaration, and values in
// memory with pointers to follow.
import { signal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';

import { adjust, asked, client, go, route, troubleOf } from '../app/state';
import { textOf } from '../lib/cell';
import { parseExact, type Exact, type ExactObject } from '../lib/exact_json';
import { plural, shortHex } from '../lib/format';
import { Answered, Problem, Segmented } from '../parts/basics';
import { Form } from '../parts/form';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import type { Cell, Place } from '../protocol';
import { Layout } from './type_layout';
import { typeOnce } from './type_members';

const COLUMNS: GridColumn[] = [
  { name: 'name', title: 'Name', kind: 'text', width: 26 },
  { name: 'kind', title: 'Kind', kind: 'text', width: 9 },
  { name: 'bytes', title: 'Bytes', kind: 'u64', width: 10 },
  { name: 'members', title: 'Members', kind: 'u64', width: 11 },
  { name: 'btf', title: 'Of', kind: 'text', width: 14, doc: 'vmlinux, a module, or a BPF program' },
  { name: 'id', title: 'Id', kind: 'u64', width: 10 },
];
const MOST = 200000;

// The BTF of the type that is open, when it is not the kernel's: a module's name
// is the guest's, so it is not in the address.
const otherBtf = signal<{ id: string; btf: string } | null>(null);

export function TypesView() {
  const { type, show } = route.value.params;
  const named = asked(`type named ${show ?? ''}`, async (c) => {
    if (!show) return null;
    return String((await c.struct(show)).id);
  });
  const id = type ?? (named.state === 'ready' ? (named.value ?? undefined) : undefined);
  const btf = id && otherBtf.value?.id === id ? otherBtf.value.btf : 'vmlinux';
  return (
    <div class={`view split types ${id || show ? 'opened' : ''}`} data-testid="view-types">
      <TypeList at={id} btf={btf} />
      {id ? <TypeDetail key={`${btf} ${id}`} btf={btf} id={id} /> : named.state === 'error' ? <section class="detail"><div class="detail-body padded"><Problem trouble={named.trouble} /></div></section> : null}
    </div>
  );
}

function TypeList({ at, btf }: { at: string | undefined; btf: string }) {
  const [text, setText] = useState('');
  const types = asked('all named types', async (c) =>
    (await c.sql({
      text: "SELECT name, kind, bytes, members, btf, id FROM types WHERE kind IN ('struct', 'union', 'enum', 'enum64', 'typedef') AND name IS NOT NULL",
      limit: MOST,
    })).rows);
  return (
    <section class="list" aria-label="Types">
      <header class="view-head">
        <h1>Types</h1>
        <input class="type-search" type="search" placeholder="Search: task_struct, inode, sk_buff…" aria-label="Search types" value={text}
          data-testid="type-search" spellcheck={false} autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} />
      </header>
      <Answered of={types} what="Listing types">
        {(rows) => <Found rows={rows} text={text} at={at} btf={btf} />}
      </Answered>
    </section>
  );
}

// Whole names first, then those that begin so, then those that contain it.
function score(name: string, words: string): number {
  const lower = name.toLowerCase();
  if (lower === words) return 0;
  if (lower.startsWith(words)) return 1;
  return lower.includes(words) ? 2 : 3;
}

function Found({ rows, text, at, btf }: { rows: Cell[][]; text: string; at: string | undefined; btf: string }) {
  const found = useMemo(() => {
    const words = text.trim().toLowerCase();
    if (!words) return rows.filter((row) => row[1] === 'struct' || row[1] === 'union');
    return rows
      .map((row) => ({ row, rank: score(textOf(row[0]), words) }))
      .filter((one) => one.rank < 3)
      .sort((a, b) => a.rank - b.rank || textOf(a.row[0]).length - textOf(b.row[0]).length)
      .map((one) => one.row);
  }, [rows, text]);
  return (
    <Grid id="types" label="Types" columns={COLUMNS} rows={found} saveAs="types" key={text ? 'found' : 'all'} plain
      selected={(row) => String(row[5]) === at && row[4] === btf}
      onOpen={(row) => {
        const id = String(row[5]);
        otherBtf.value = row[4] === 'vmlinux' ? null : { id, btf: textOf(row[4]) };
        adjust({ type: id, show: undefined, at: undefined }, false);
      }} />
  );
}

export function placeOf(at: string): Place | null {
  const match = /^([pvf]):(?:(\d+):)?0x([0-9a-f]{1,16})$/.exec(at);
  if (!match) return null;
  return { space: match[1] as Place['space'], address: BigInt(`0x${match[3]}`), ...(match[2] && { pid: BigInt(match[2]) }) };
}

function TypeDetail({ btf, id }: { btf: string; id: string }) {
  const type = typeOnce(btf, id);
  const { at, tab } = route.value.params;
  const place = at ? placeOf(at) : null;
  const name = btf === 'vmlinux' ? `#${id}` : `${btf}:#${id}`;
  return (
    <section class="detail" data-testid="type-detail" aria-label="Type">
      <Answered of={type} what="Reading the type">
        {(found) => {
          if (!found) return <Problem trouble={{ message: `There is no type ${id} in this dump.`, advice: '' }} />;
          return (
            <>
              <header class="detail-head">
                <h2><span class="soft">{found.kind}</span> <Guest text={found.name || `#${id}`} max={120} /></h2>
                {found.bytes >= 0 && <span class="soft">{plural(found.bytes, 'byte')}{btf !== 'vmlinux' && <> of <Guest text={btf} max={40} /></>}</span>}
                <span class="spacer" />
                <button type="button" class="quiet" aria-label="Close the type" data-testid="type-close"
                  onClick={() => go('types')}>✕</button>
              </header>
              <div class="type-tools">
                <AddressForm at={at} />
                <Segmented id="type-form" label="Form" at={tab === 'c' ? 'c' : 'layout'}
                  options={[{ id: 'layout', label: 'Layout' }, { id: 'c', label: 'C' }]} on={(one) => adjust({ tab: one === 'c' ? one : undefined })} />
              </div>
              <div class="detail-body">
                {tab === 'c' ? <Declaration name={name} /> : place ? (
                  <ValueLayout key={at} btf={btf} id={id} name={name} place={place} bytes={found.bytes} />
                ) : (
                  <Layout btf={btf} id={id} bytes={found.bytes} kind={found.kind} value={null} place={null} />
                )}
              </div>
            </>
          );
        }}
      </Answered>
    </section>
  );
}

function AddressForm({ at }: { at: string | undefined }) {
  const [error, setError] = useState('');
  const show = async (text: string) => {
    setError('');
    if (!text.trim()) return adjust({ at: undefined });
    try {
      const { place } = await client().resolve(text.trim());
      adjust({ at: `${place.space}:${place.pid === undefined ? '' : `${place.pid}:`}${shortHex(place.address)}` }, false);
    } catch (failure) {
      setError(troubleOf(failure).message);
    }
  };
  return (
    <Form class="type-address" label="Value at an address" on={(text) => void show(text)}>
      <label>Value at <input key={at} type="text" name="address" defaultValue={at ?? ''} placeholder="init_task, 0xffff…, p:0x…" spellcheck={false}
        autocomplete="off" data-testid="type-address" /></label>
      <button type="button" data-submit class="button small" data-testid="type-show">Show</button>
      {at && <button type="button" class="quiet" data-testid="type-clear" onClick={() => adjust({ at: undefined })}>Layout only</button>}
      {error && <span class="gap-note" role="alert">{error}</span>}
    </Form>
  );
}

function ValueLayout(props: { btf: string; id: string; name: string; place: Place; bytes: number }) {
  const key = `value ${props.name} ${props.place.space} ${props.place.pid ?? ''} ${props.place.address}`;
  const value = asked(key, (c) => c.value(props.name, props.place));
  return (
    <>
      {value.state === 'error' && <div class="padded-box"><Problem trouble={{ message: value.trouble.message, advice: value.trouble.advice || 'Is this the address of such an object?' }} /></div>}
      {value.state === 'ready' && value.value.lost && <p class="gap-note padded-box">Its end could not be read: {value.value.lost}</p>}
      <Layout btf={props.btf} id={props.id} bytes={props.bytes} kind="struct" place={props.place}
        value={value.state === 'ready' ? objectOf(value.value.json) : null} />
    </>
  );
}

function objectOf(json: string): ExactObject | null {
  try {
    const value: Exact = parseExact(json);
    return value instanceof Map ? value : new Map([['', value]]);
  } catch {
    return null;
  }
}

function Declaration({ name }: { name: string }) {
  const text = asked(`declaration ${name}`, (c) => c.struct(name));
  return (
    <Answered of={text} what="Writing it down">
      {(answer) => <pre class="declaration" data-testid="declaration" tabIndex={0}>{answer.text.split('\n').map((line, i) => (
        <span key={i}>{line.replace(/[^\t].*/, '').replace(/\t/g, '    ')}<Guest text={line.replace(/^\t+/, '')} />{'\n'}</span>
      ))}</pre>}
    </Answered>
  );
}
