// What is under the pointer: at once what the picture knows, and a moment later
// what the dump says of that frame.
import { signal } from '@preact/signals';

import { client } from '../app/state';
import { addressText, isUnreadable, textOf } from '../lib/cell';
import { bytesText, countText, shortHex } from '../lib/format';
import { Guest } from '../parts/guest';
import type { Frame } from '../protocol';
import { ABSENT, FILTERED, KINDS, SHARED } from './kinds';
import type { Run } from './layout';
import { frames } from './store';
import { Swatch } from './swatch';

export interface Hovered {
  slot: number;
  pfn: number | null; // null in a gap that is drawn shorter
  run: Run;
  byte: number;
  kind: number;
  x: number; // of the window
  y: number;
}

export const hovered = signal<Hovered | null>(null);
const detail = signal<Frame | null>(null);

const SOON_MS = 40;
const LATER_MS = 260; // for what takes walking page tables
let timer = 0;
let abort: AbortController | null = null;

export function hoverAt(at: Hovered | null): void {
  const same = at !== null && at.slot === hovered.value?.slot;
  hovered.value = at;
  if (same) return;
  clearTimeout(timer);
  abort?.abort();
  abort = null;
  detail.value = null;
  if (!at || at.pfn === null || at.run.gap) return;
  const pfn = at.pfn;
  const ask = async (users: boolean) => {
    try {
      const frame = await client().frame(pfn, users);
      if (hovered.value?.pfn === pfn) detail.value = frame;
    } catch {
      // The tip says what the picture knows.
    }
  };
  timer = window.setTimeout(() => {
    void ask(false);
    timer = window.setTimeout(() => void ask(true), LATER_MS);
  }, SOON_MS);
}

export function gapReason(run: Run, pageBytes: number): string {
  const size = bytesText(run.frames * pageBytes);
  const shorter = run.slots < run.frames ? ', drawn shorter than it is' : '';
  return `${size} of addresses where the dump has no memory${shorter}`;
}

export function Tip() {
  const at = hovered.value;
  const read = frames.value;
  if (!at || !read) return null;
  const kind = KINDS[at.kind]!;
  const left = at.x > innerWidth - 380;
  const up = at.y > innerHeight - 220;
  const style = {
    left: left ? 'auto' : `${at.x + 16}px`,
    right: left ? `${innerWidth - at.x + 16}px` : 'auto',
    top: up ? 'auto' : `${at.y + 16}px`,
    bottom: up ? `${innerHeight - at.y + 16}px` : 'auto',
  };
  const frame = detail.value?.pfn === at.pfn ? detail.value : null;
  const owner = frame?.page?.owner;
  return (
    <div class="tip" style={style} role="tooltip" data-testid="map-tip">
      <div class="tip-head">
        <Swatch code={at.run.gap ? ABSENT : at.kind} /> <strong>{at.run.gap ? KINDS[ABSENT]!.label : kind.label}</strong>
        {at.byte & SHARED ? <span class="chip">shared</span> : null}
        {at.byte & FILTERED ? <span class="chip">bytes left out</span> : null}
      </div>
      {at.run.gap ? (
        <p>{gapReason(at.run, read.pageBytes)}, from {shortHex(BigInt(at.run.pfn) * BigInt(read.pageBytes))}</p>
      ) : (
        <>
          <div class="tip-address">
            <code>{addressText(BigInt(at.pfn!) * BigInt(read.pageBytes))}</code> frame {countText(at.pfn!)}
          </div>
          {textOf(owner) !== '' && (
            <div class="tip-owner">
              <Guest text={textOf(owner)} max={120} />
            </div>
          )}
          {isUnreadable(owner) && <div class="gap-note">{owner.unreadable}</div>}
          {frame?.users.slice(0, 4).map((user, i) => (
            <div class="tip-user" key={i}>
              <Guest text={textOf(user.comm)} max={16} /> {user.tgid.toString()} at <code>{shortHex(user.address)}</code>
            </div>
          ))}
          {frame && frame.users.length > 4 && <div class="tip-user">and {frame.users.length - 4} more</div>}
          {!textOf(owner) && !frame?.users.length && <p class="soft">{kind.doc}</p>}
        </>
      )}
    </div>
  );
}
