// The members of a type with the holes between them.
import { asked, type Fields, records, type Resource } from '../app/state';
import { cellBig, cellNumber, textOf } from '../lib/cell';

export interface Member {
  name: string; // '' of an anonymous struct or union
  type: string; // as C writes it
  typeId: string;
  offset: number | null; // bits, from the start of its type; null: an enum's value
  bits: number | null;
  value: bigint | null; // of an enum
}

export interface TypeInfo {
  id: string;
  btf: string;
  kind: string;
  name: string;
  bytes: number;
  refersTo: string | null;
}

function info(row: Fields): TypeInfo {
  return {
    id: String(row.id), btf: textOf(row.btf), kind: textOf(row.kind), name: textOf(row.name),
    bytes: cellNumber(row.bytes), refersTo: cellBig(row.refers_to ?? null)?.toString() ?? null,
  };
}

const HOPS = 16; // of typedefs and qualifiers

// The type behind typedefs and qualifiers.
export function typeOnce(btf: string, id: string): Resource<TypeInfo | null> {
  return asked(`type ${btf} ${id}`, async (c) => {
    let at = id;
    let named: TypeInfo | null = null as TypeInfo | null;
    for (let i = 0; i < HOPS; i++) {
      const [row] = records(await c.query({
        table: 'types', limit: 1, constraints: [{ column: 'btf', op: '=', value: btf }, { column: 'id', op: '=', value: at }],
      }));
      if (!row) return named;
      const found = info(row);
      named = { ...found, name: named?.name || found.name };
      if (!/^(typedef|const|volatile|restrict|type_tag)$/.test(found.kind) || !found.refersTo) return named;
      at = found.refersTo;
    }
    return named;
  });
}

export function membersOnce(btf: string, id: string): Resource<Member[]> {
  return asked(`members ${btf} ${id}`, async (c) => {
    const rows = records(await c.query({
      table: 'members', limit: 20000, constraints: [{ column: 'type_id', op: '=', value: id }, { column: 'btf', op: '=', value: btf }],
    }));
    return rows.map((row) => ({
      name: textOf(row.name), type: textOf(row.member_type), typeId: String(row.member_type_id),
      offset: typeof row.offset_bits === 'bigint' ? Number(row.offset_bits) : null,
      bits: typeof row.size_bits === 'bigint' ? Number(row.size_bits) : null,
      value: cellBig(row.value ?? null),
    }));
  });
}

export interface Hole {
  offset: number; // bits
  bits: number;
}

// Unused bits of a struct, between members and behind the last one.
export function holesOf(members: Member[], totalBytes: number): Hole[] {
  const holes: Hole[] = [];
  let end = 0;
  for (const member of [...members].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))) {
    if (member.offset === null || member.bits === null) continue;
    if (member.offset > end) holes.push({ offset: end, bits: member.offset - end });
    end = Math.max(end, member.offset + member.bits);
  }
  if (totalBytes * 8 > end) holes.push({ offset: end, bits: totalBytes * 8 - end });
  return holes;
}

// struct NAME * and union NAME * lead to a value of that type.
export function pointee(type: string): string | null {
  return /^(?:const |volatile )*(?:struct|union) ([A-Za-z_]\w*) \*$/.exec(type)?.[1] ?? null;
}
export function isAggregate(type: string): boolean {
  return /^(struct|union)\b[^*[\]()]*$/.test(type);
}
