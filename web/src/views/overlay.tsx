// A type laid over the bytes: which byte belongs to which member.
import { useMemo, useState } from 'preact/hooks';

import { adjust, client, route, troubleOf } from '../app/state';
import { shortHex } from '../lib/format';
import { Form } from '../parts/form';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import type { Place } from '../protocol';
import { type Member, membersOnce, typeOnce, type TypeInfo } from './type_members';

export interface Painted {
  of: Int16Array; // member of every byte; -1: none
  names: string[];
}

export interface OverlayState {
  id: string | undefined;
  base: bigint;
  type: TypeInfo | null;
  members: Member[];
  painted: Painted | null;
  setBase: (at: bigint) => void;
}

const MOST_BYTES = 1 << 20;

export function useOverlay(id: string | undefined, place: Place): OverlayState {
  const [base, setBase] = useState(place.address);
  const type = id ? typeOnce('vmlinux', id) : null;
  const found = type?.state === 'ready' ? type.value : null;
  const list = found ? membersOnce('vmlinux', found.id) : null;
  const members = list?.state === 'ready' ? list.value : [];
  const painted = useMemo(() => {
    if (!found || !members.length || !(found.bytes > 0) || found.bytes > MOST_BYTES) return null;
    const of = new Int16Array(found.bytes).fill(-1);
    members.forEach((member, i) => {
      if (member.offset === null || member.bits === null) return;
      of.fill(i, Math.floor(member.offset / 8), Math.ceil((member.offset + member.bits) / 8));
    });
    return { of, names: members.map((member) => `${member.type} ${member.name}`) };
  }, [found, members]);
  return { id, base, type: found, members, painted, setBase };
}

const SHOWN = 60;

export function Overlay({ state, cursor }: { state: OverlayState; cursor: bigint }) {
  const [error, setError] = useState('');
  const lay = async (text: string) => {
    setError('');
    if (!text.trim()) return adjust({ overlay: undefined });
    try {
      const found = await client().struct(text.trim());
      state.setBase(cursor);
      adjust({ overlay: String(found.id) });
    } catch (failure) {
      setError(troubleOf(failure).message);
    }
  };
  const offset = cursor - state.base;
  const at = state.painted && offset >= 0n && offset < BigInt(state.painted.of.length) ? state.painted.of[Number(offset)]! : -1;
  const from = Math.max(0, Math.min(at - 20, state.members.length - SHOWN));
  return (
    <section data-testid="overlay">
      <h2>Structure here</h2>
      <Form class="side-form" label="Lay a type over the bytes" on={(text) => void lay(text)}>
        <input type="text" name="type" placeholder="task_struct, page…" aria-label="Type to lay over the bytes at the cursor" spellcheck={false} autocomplete="off" data-testid="overlay-type" />
        <button type="button" data-submit class="button small" data-testid="overlay-show">Lay over</button>
      </Form>
      {error && <p class="gap-note" role="alert">{error}</p>}
      {state.type && (
        <>
          <p class="overlay-of">
            <Guest text={state.type.name} max={60} /> at <code>{shortHex(state.base)}</code>{' '}
            <Link view="types" params={{ type: state.id!, at: (route.value.params.at ?? '').replace(/0x[0-9a-f]+$/, shortHex(state.base)) }}>values</Link>{' '}
            <button type="button" class="quiet" data-testid="overlay-end" onClick={() => adjust({ overlay: undefined })}>take away</button>
          </p>
          <ol class="overlay-list">
            {state.members.slice(from, from + SHOWN).map((member, i) => (
              <li key={from + i} class={from + i === at ? 'on' : ''}>
                <span class={`member member-${(from + i) % 6}`}>{member.offset === null ? '' : shortHex(member.offset >> 3)}</span>{' '}
                <Guest text={member.name || member.type} max={40} />
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
