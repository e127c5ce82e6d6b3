// Keys, and how addresses are written.
import { signal } from '@preact/signals';

import { Dialog } from './dialog';
import { VIEW_LIST } from './views';
import { PROMISE } from './welcome';

export const helpOpen = signal(false);

const KEYS: readonly [string, string][] = [
  ['/', 'search: the filter of a table, or the address bar'],
  ['g', 'go to an address, process, symbol, type'],
  ['?', 'this help'],
  ['Esc', 'close what is open; leave a field'],
  ['arrows', 'move in a table, in the memory map, in the bytes'],
  ['Enter', 'open the row, frame or link'],
  ['+ −', 'zoom the memory map; 0 there shows all of it'],
  ['Ctrl Enter', 'run the query, in Ask'],
];

const ADDRESSES: readonly [string, string][] = [
  ['p:0x1000', 'guest-physical address'],
  ['0xffff888000001000', 'virtual, as the kernel sees it (also v:)'],
  ['v:42:0x7ffd1000', 'virtual, as process 42 sees it'],
  ['f:0x200', 'offset in the dump’s file'],
  ['init_task+0x40', 'a symbol; numbers and symbols add with + and −'],
];

export function Help() {
  return (
    <Dialog id="help" title="Help" open={helpOpen}>
      <div class="help">
        <section>
          <h3>Keys</h3>
          <dl class="keys">
            <dt><kbd>0</kbd> … <kbd>7</kbd></dt>
            <dd>{VIEW_LIST.map((view) => view.label).join(', ')}</dd>
            {KEYS.map(([key, what]) => (
              <>
                <dt>{key.split(' ').map((part) => <kbd key={part}>{part}</kbd>)}</dt>
                <dd>{what}</dd>
              </>
            ))}
          </dl>
        </section>
        <section>
          <h3>Addresses</h3>
          <dl class="keys">
            {ADDRESSES.map(([form, what]) => (
              <>
                <dt><code>{form}</code></dt>
                <dd>{what}</dd>
              </>
            ))}
          </dl>
          <h3>What is not known</h3>
          <p>
            Hatching means that the dump has no such memory. <span class="gap">unreadable</span> is a value that exists but
            could not be read: the reason is on it. <span class="escape">\u{'{202e}'}</span> spells out a character of the
            guest that would hide or reorder text.
          </p>
          <h3>Privacy</h3>
          <p>{PROMISE}</p>
        </section>
      </div>
    </Dialog>
  );
}
