// What could not be read so far, and why.
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { Grid, type GridColumn } from '../parts/grid';
import { Dialog } from './dialog';
import { losses } from './state';

export const lossesOpen = signal(false);

const COLUMNS: GridColumn[] = [
  { name: 'subject', kind: 'text', doc: 'The table, or the stage of opening the dump' },
  { name: 'what', kind: 'text', doc: 'The column, structure or decision' },
  { name: 'reason', kind: 'text', doc: 'What kept it from us' },
  { name: 'object', kind: 'address', doc: 'Guest address or file offset of the first one' },
  { name: 'count', kind: 'u64', doc: 'How often' },
];

export function LossesDialog() {
  const rows = useMemo(
    () => losses.value.map((d) => [d.subject, d.what, d.reason, d.object === 0n ? null : d.object, d.count]),
    [losses.value],
  );
  return (
    <Dialog id="losses" title="What could not be read" open={lossesOpen}>
      <p class="soft">Answers leave these out and say that they are partial. Nothing is guessed in their place.</p>
      <div class="losses-grid"><Grid id="losses" label="What could not be read" columns={COLUMNS} rows={rows} saveAs="diagnostics" /></div>
    </Dialog>
  );
}
