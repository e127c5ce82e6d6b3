// One field that goes anywhere: an address in any space, a symbol, a process, a
// type, a BPF map, a table.
import { useEffect, useRef, useState } from 'preact/hooks';

import { cellBig, textOf } from '../lib/cell';
import { looksLikeAddress, parseAddress, placeText, addressValue } from '../lib/address';
import type { Params, ViewName } from '../lib/fragment';
import { shortHex } from '../lib/format';
import { Guest } from '../parts/guest';
import { asked, client, dump, go, records, tableOnce, troubleOf } from './state';
import { VIEW_LIST } from './views';

interface Suggestion {
  key: string;
  what: string; // kind of thing
  text: string; // may be guest text
  detail: string;
  view: ViewName;
  params: Params;
}

const MOST = 12;

function namedTypes() {
  return asked('types named', async (c) =>
    records(await c.query({
      table: 'types', columns: ['id', 'btf', 'kind', 'name', 'bytes'], limit: 200000,
      constraints: [{ column: 'btf', op: '=', value: 'vmlinux' }],
    })).filter((t) => t.name !== null && /^(struct|union|enum)$/.test(textOf(t.kind))),
  );
}

function suggestions(text: string): Suggestion[] {
  const words = text.trim().toLowerCase();
  if (!words) return [];
  const list: Suggestion[] = [];
  for (const view of VIEW_LIST)
    if (view.label.toLowerCase().startsWith(words)) list.push({ key: `view ${view.name}`, what: 'view', text: view.label, detail: view.doc, view: view.name, params: {} });
  const tasks = tableOnce('tasks');
  if (tasks.state === 'ready')
    for (const task of tasks.value) {
      if (task.pid !== task.tgid || list.length >= MOST) continue;
      const pid = String(task.pid);
      if (textOf(task.comm).toLowerCase().includes(words) || pid === words)
        list.push({ key: `process ${pid}`, what: 'process', text: textOf(task.comm), detail: pid, view: 'processes', params: { pid } });
    }
  if (list.length < MOST && words.length >= 2) {
    const types = namedTypes();
    if (types.state === 'ready') {
      const found = types.value.filter((t) => textOf(t.name).toLowerCase().startsWith(words));
      found.sort((a, b) => textOf(a.name).length - textOf(b.name).length);
      for (const t of found.slice(0, 4))
        list.push({ key: `type ${t.id}`, what: textOf(t.kind), text: textOf(t.name), detail: `${cellBig(t.bytes ?? null) ?? '?'} bytes`, view: 'types', params: { type: String(t.id) } });
    }
  }
  const maps = list.length < MOST ? tableOnce('bpf_maps', ['id', 'name', 'type']) : null;
  if (maps?.state === 'ready')
    for (const map of maps.value)
      if (list.length < MOST && textOf(map.name).toLowerCase().includes(words))
        list.push({ key: `map ${map.id}`, what: 'BPF map', text: textOf(map.name), detail: textOf(map.type), view: 'bpf', params: { map: String(map.id) } });
  return list.slice(0, MOST);
}

export function AddressBar() {
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [error, setError] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const address = looksLikeAddress(text);
  const list = open && !address ? suggestions(text) : [];
  const chosen = Math.min(at, list.length - 1);

  useEffect(() => { setText(''); setError(''); }, [dump.value]);

  const done = () => { setOpen(false); setText(''); setError(''); setAt(-1); input.current?.blur(); };
  const take = (one: Suggestion) => { go(one.view, one.params); done(); };
  const goTo = async () => {
    const words = text.trim();
    if (!words) return;
    const parsed = parseAddress(words);
    const value = parsed && addressValue(parsed);
    if (parsed && value !== null && (address || !list.length)) {
      go('bytes', { at: placeText(parsed.space, parsed.pid, value) });
      return done();
    }
    if (chosen >= 0 && list[chosen]) return take(list[chosen]);
    if (parsed) {
      try {
        const { place } = await client().resolve(words);
        const pid = place.pid === undefined ? '' : `${place.pid}:`;
        go('bytes', { at: `${place.space}:${pid}${shortHex(place.address)}` });
        return done();
      } catch (failure) {
        if (!list.length) return setError(troubleOf(failure).message);
      }
    }
    if (list[0]) return take(list[0]);
    setError('No such address, symbol, process or type.');
  };

  return (
    <div class="address" role="search">
      <input
        id="address" ref={input} type="text" value={text} placeholder="Go to an address, symbol, process, type…" spellcheck={false}
        autocomplete="off" data-testid="address" role="combobox" aria-label="Go to" aria-expanded={list.length > 0}
        aria-controls="address-list" aria-activedescendant={chosen >= 0 ? `address-${chosen}` : undefined} aria-invalid={error !== ''}
        onInput={(event) => { setText(event.currentTarget.value); setOpen(true); setAt(-1); setError(''); }}
        onFocus={() => setOpen(true)} onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.isComposing) void goTo();
          if (event.key === 'Escape') done();
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setAt((old) => Math.max(-1, Math.min(list.length - 1, old + (event.key === 'ArrowDown' ? 1 : -1))));
          }
        }}
      />
      <kbd class="address-key" aria-hidden="true">g</kbd>
      <ul class="suggestions" id="address-list" role="listbox" aria-label="Suggestions" hidden={!list.length}>
        {list.map((one, i) => (
          <li key={one.key} id={`address-${i}`} role="option" aria-selected={i === chosen} data-testid="suggestion"
            onMouseDown={(event) => { event.preventDefault(); take(one); }}>
            <span class="what">{one.what}</span> <Guest text={one.text} max={60} /> <span class="soft"><Guest text={one.detail} max={60} /></span>
          </li>
        ))}
      </ul>
      {error && <p class="address-error" role="alert" data-testid="address-error"><Guest text={error} /></p>}
    </div>
  );
}

