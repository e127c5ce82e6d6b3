// The members of a type in a table: offset, size, type, name, and their values
// when there is an address. Aggregates open in place; holes are rows.
import { useState } from 'preact/hooks';

import { asked, client, go } from '../app/state';
import { type Exact, ExactNumber, type ExactObject, shortExact } from '../lib/exact_json';
import { plural, shortHex } from '../lib/format';
import { Answered } from '../parts/basics';
import { Guest } from '../parts/guest';
import type { Place } from '../protocol';
import { holesOf, isAggregate, type Member, membersOnce, pointee, typeOnce } from './type_members';

interface LayoutProps {
  btf: string;
  id: string;
  kind: string;
  bytes: number;
  value: ExactObject | null;
  place: Place | null;
}

export function Layout(props: LayoutProps) {
  const type = typeOnce(props.btf, props.id);
  const bare = props.value?.size === 1 && props.value.has('');
  return (
    <Answered of={type} what="Reading the type">
      {(found) => {
        if (bare) return <p class="padded-box">{<ValueOf value={props.value!.get('')!} member={null} />}</p>;
        return (
          <table class="layout" data-testid="layout">
            <thead>
              <tr><th scope="col">offset</th><th scope="col">bytes</th><th scope="col">type</th><th scope="col">name</th>{(props.value || found?.kind.startsWith('enum')) && <th scope="col">value</th>}</tr>
            </thead>
            <tbody>
              <Rows {...props} id={found?.id ?? props.id} kind={found?.kind ?? props.kind} base={0} depth={0} />
            </tbody>
          </table>
        );
      }}
    </Answered>
  );
}

const DEEPEST = 12;

function Rows(props: LayoutProps & { base: number; depth: number }) {
  const members = membersOnce(props.btf, props.id);
  if (members.state === 'loading') return <tr><td colSpan={5} class="soft">reading…</td></tr>;
  if (members.state === 'error') return <tr><td colSpan={5} class="gap-note">{members.trouble.message}</td></tr>;
  if (!members.value.length) return <tr><td colSpan={5} class="soft">It has no members.</td></tr>;
  const holes = props.kind === 'struct' ? holesOf(members.value, props.bytes) : [];
  const items: { at: number; row: Member | null; bits: number }[] = [
    ...members.value.map((row, i) => ({ at: row.offset ?? i, row, bits: row.bits ?? 0 })),
    ...holes.map((hole) => ({ at: hole.offset, row: null, bits: hole.bits })),
  ];
  if (holes.length) items.sort((a, b) => a.at - b.at);
  return (
    <>
      {items.map((item, i) =>
        item.row ? (
          <MemberRow key={i} {...props} member={item.row} />
        ) : (
          <tr key={i} class="hole">
            <td class="mono">{offsetText(props.base + item.at)}</td>
            <td class="number">{sizeText(item.bits)}</td>
            <td colSpan={3}><span class="gap">{item.bits % 8 ? plural(item.bits, 'bit') : plural(item.bits / 8, 'byte')} unused</span></td>
          </tr>
        ),
      )}
    </>
  );
}

function offsetText(bits: number): string {
  return `0x${Math.floor(bits / 8).toString(16)}${bits % 8 ? `:${bits % 8}` : ''}`;
}
function sizeText(bits: number): string {
  return bits % 8 ? `${bits} bit${bits === 1 ? '' : 's'}` : String(bits / 8);
}

function MemberRow(props: LayoutProps & { base: number; depth: number; member: Member }) {
  const { member, base, depth, value } = props;
  const anonymous = member.name === '';
  const [open, setOpen] = useState(anonymous);
  const inner = anonymous ? value : value?.get(member.name);
  const opens = member.offset !== null && isAggregate(member.type) && depth < DEEPEST;
  const at = base + (member.offset ?? 0);
  return (
    <>
      <tr class={`line-${Math.floor(at / 512) % 2}`}>
        <td class="mono">{member.offset === null ? '' : offsetText(at)}</td>
        <td class="number">{member.bits === null ? '' : sizeText(member.bits)}</td>
        <td class="mono type-cell"><span style={{ paddingLeft: `${depth * 14}px` }} />
          {opens && (
            <button type="button" class="opener" aria-expanded={open} aria-label={`${open ? 'Close' : 'Open'} ${member.name || 'the anonymous member'}`} onClick={() => setOpen(!open)}>{open ? '▾' : '▸'}</button>
          )}
          <Guest text={member.type} max={90} />
        </td>
        <td class="mono"><strong><Guest text={member.name} max={80} /></strong></td>
        {member.value !== null && <td class="mono">{member.value.toString()}</td>}
        {value && <td class="value-cell">{!anonymous && inner !== undefined && inner !== null && !(open && inner instanceof Map) ? <ValueOf value={inner} member={member} /> : !anonymous && inner === null ? <span class="gap">unreadable</span> : null}</td>}
      </tr>
      {opens && open && <Inner {...props} base={at} value={inner instanceof Map ? inner : null} />}
    </>
  );
}

function Inner(props: LayoutProps & { base: number; depth: number; member: Member }) {
  const type = typeOnce(props.btf, props.member.typeId);
  if (type.state !== 'ready' || !type.value) return null;
  return <Rows btf={props.btf} id={type.value.id} kind={type.value.kind} bytes={type.value.bytes} value={props.value} place={props.place} base={props.base} depth={props.depth + 1} />;
}

function ValueOf({ value, member }: { value: Exact; member: Member | null }) {
  if (typeof value === 'string' && /^0x[0-9a-f]{16}$/.test(value)) {
    const address = BigInt(value);
    const to = member && pointee(member.type);
    if (address === 0n) return <span class="null">NULL</span>;
    return (
      <button type="button" class="link" data-testid="follow" title={to ? `Follow to the ${to} there` : 'Show the bytes there'}
        onClick={() => void follow(to, address)}><code>{value}</code>{member?.type.includes('(*)') && <FunctionName address={address} />}</button>
    );
  }
  if (value instanceof ExactNumber) return <code title={hexOf(value.text)}>{value.text}</code>;
  if (typeof value === 'string') return <>“<Guest text={value} max={300} />”</>;
  return <code class="soft"><Guest text={shortExact(value, 120)} max={160} /></code>;
}

// What a function pointer points to.
function FunctionName({ address }: { address: bigint }) {
  const named = asked(`symbol near ${address}`, async (c) => (await c.resolve(`v:${shortHex(address)}`)).symbol);
  return named.state === 'ready' && named.value ? <> <Guest text={named.value} max={60} /></> : null;
}

function hexOf(text: string): string | undefined {
  return /^\d+$/.test(text) ? shortHex(BigInt(text)) : undefined;
}

// The name of a struct is the guest's: the address keeps its number.
async function follow(type: string | null, address: bigint): Promise<void> {
  const at = `v:${shortHex(address)}`;
  if (!type) return go('bytes', { at });
  try {
    const found = await client().struct(type);
    go('types', { type: String(found.id), at });
  } catch {
    go('bytes', { at });
  }
}
