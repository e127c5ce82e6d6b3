// Values that name a frame, a process or an address lead to the view that shows it.
import type { ComponentChildren } from 'preact';

import { go } from '../app/state';
import type { Cell } from '../lib/cell';
import type { Params, ViewName } from '../lib/fragment';
import { shortHex } from '../lib/format';
import { type Shown, Value } from './value';

export function Link(props: { view: ViewName; params?: Params; title?: string; children: ComponentChildren; testid?: string; inGrid?: boolean }) {
  return (
    <button
      type="button" class="link" title={props.title} data-testid={props.testid} tabIndex={props.inGrid ? -1 : undefined}
      onClick={(event) => {
        event.stopPropagation();
        go(props.view, props.params ?? {});
      }}
    >
      {props.children}
    </button>
  );
}

// A column whose values lead somewhere, by its public name.
function target(column: Shown, cell: Cell): { view: ViewName; params: Params; title: string } | null {
  if (typeof cell !== 'bigint') return null;
  switch (column.name) {
    case 'pfn':
      return { view: 'map', params: { pfn: cell.toString() }, title: 'Show this frame in the memory map' };
    case 'tgid':
      return { view: 'processes', params: { pid: cell.toString() }, title: 'Show this process' };
    case 'map_id':
      return { view: 'bpf', params: { map: cell.toString() }, title: 'Show this map' };
    case 'physical':
    case 'page_table_root':
    case 'image_phys':
    case 'btf_phys':
      return { view: 'bytes', params: { at: `p:${shortHex(cell)}` }, title: 'Show the bytes there' };
    default:
      if (column.kind === 'address' && cell >= 1n << 63n)
        return { view: 'bytes', params: { at: `v:${shortHex(cell)}` }, title: 'Show the bytes there' };
      return null;
  }
}

export function Linked({ cell, column }: { cell: Cell | undefined; column: Shown }) {
  const to = cell === undefined ? null : target(column, cell);
  if (!to) return <Value cell={cell} column={column} />;
  return (
    <Link view={to.view} params={to.params} title={to.title} inGrid>
      <Value cell={cell} column={column} />
    </Link>
  );
}
