// One BPF program: what is known of it, and its instructions.
import type { ComponentChildren } from 'preact';

import { adjust, rowsOnce } from '../app/state';
import { type Cell, cellText, textOf } from '../lib/cell';
import { bytesText, countText, shortHex, timeText } from '../lib/format';
import { Answered, Fact, Facts, Problem } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import { Link } from '../parts/links';
import type { Column } from '../protocol';

const COLUMNS: GridColumn[] = [
  { name: 'index', kind: 'u64', width: 8, doc: 'Number of the instruction' },
  { name: 'code', kind: 'bytes', width: 36, doc: 'Its bytes' },
  { name: 'text', kind: 'text', doc: 'As the kernel would list it, after the verifier' },
];

export function ProgramDetail({ id }: { id: string }) {
  const programs = rowsOnce('bpf_programs');
  const code = rowsOnce('bpf_instructions', COLUMNS.map((column) => column.name), [{ column: 'program_id', op: '=', value: id }]);
  return (
    <section class="detail" data-testid="bpf-program" aria-label={`BPF program ${id}`}>
      <Answered of={programs} what="Walking BPF objects">
        {(answer) => {
          const at = answer.columns.findIndex((column) => column.name === 'id');
          const row = answer.rows.find((one) => String(one[at]) === id);
          if (!row) return <Problem trouble={{ message: `There is no BPF program ${id} in this dump.`, advice: '' }} />;
          return <About id={id} columns={answer.columns} row={row} />;
        }}
      </Answered>
      <div class="detail-body bpf-body">
        <Answered of={code} what="Reading instructions">
          {(answer) => (
            <Grid id="instructions" label="Instructions" columns={COLUMNS} rows={answer.rows} saveAs={`program-${id}`} unsorted
              cell={(row, c) => (c === 2 && textOf(row[2]) ? <code><Instruction text={textOf(row[2])} /></code> : undefined)} />
          )}
        </Answered>
      </div>
    </section>
  );
}

// map[id:N] leads to that map.
function Instruction({ text }: { text: string }) {
  const match = /map\[id:(\d{1,10})\]/.exec(text);
  if (!match) return <Guest text={text} />;
  return (
    <>
      <Guest text={text.slice(0, match.index)} />
      <Link view="bpf" params={{ tab: 'maps', map: match[1]! }} inGrid>{match[0]}</Link>
      <Guest text={text.slice(match.index + match[0].length)} />
    </>
  );
}

function About({ id, columns, row }: { id: string; columns: Column[]; row: Cell[] }) {
  const get = (name: string): Cell => row[columns.findIndex((column) => column.name === name)] ?? null;
  const runs = get('run_count');
  const time = get('run_time_ns');
  const facts: [string, ComponentChildren][] = [
    ['tag', <code>{cellText(get('tag'))}</code>],
    ['loaded', typeof get('loaded_at') === 'bigint' ? <>{timeText(Number(get('loaded_at')))} by uid {cellText(get('uid'))}</> : '–'],
    ['code', <>{bytesText(Number(get('xlated_bytes') ?? 0n))} after the verifier, {bytesText(Number(get('jited_bytes') ?? 0n))} of machine code</>],
    ['ran', typeof runs === 'bigint' && typeof time === 'bigint' && runs > 0n
      ? <>{countText(runs)} times, {countText(time / runs)} ns each</> : <span class="soft">not counted (kernel.bpf_stats_enabled)</span>],
    ['maps', textOf(get('maps')) ? textOf(get('maps')).split(',').map((map, i) => (
      <span key={map}>{i > 0 && ', '}<Link view="bpf" params={{ tab: 'maps', map }}>{map}</Link></span>)) : <span class="soft">none</span>],
    ['bpf_prog', typeof get('address') === 'bigint'
      ? <Link view="types" params={{ show: 'bpf_prog', at: `v:${shortHex(get('address') as bigint)}` }}><code>{shortHex(get('address') as bigint)}</code></Link> : '–'],
  ];
  return (
    <>
      <header class="detail-head">
        <h2><Guest text={textOf(get('name')) || `program ${id}`} max={32} /></h2>
        <span class="chip">{textOf(get('type'))}</span>
        <span class="soft">id {id}</span>
        <span class="spacer" />
        <button type="button" class="quiet" aria-label="Close the program" data-testid="program-close" onClick={() => adjust({ program: undefined })}>✕</button>
      </header>
      <div class="map-facts"><Facts>{facts.map(([name, value]) => <Fact key={name} name={name}>{value}</Fact>)}</Facts></div>
    </>
  );
}
