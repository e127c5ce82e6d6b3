// The page runs in a sandboxed frame; the document around it owns the address.
// State in the fragment goes through messages between the two.

let fragment = '';
const listeners = new Set<(fragment: string) => void>();

addEventListener('message', (event: MessageEvent) => {
  if (event.source !== parent || parent === window) return;
  const data: unknown = event.data;
  if (typeof data !== 'object' || data === null || !('fragment' in data) || typeof data.fragment !== 'string') return;
  fragment = data.fragment;
  for (const listener of listeners) listener(fragment);
});
if (parent === window) {
  fragment = location.hash.slice(1);
  addEventListener('hashchange', () => {
    fragment = location.hash.slice(1);
    for (const listener of listeners) listener(fragment);
  });
} else {
  parent.postMessage({ ready: true }, '*'); // it answers with the fragment
}

// Without the #.
export function getFragment(): string {
  return fragment;
}

// Called when the address changed: at the start, too, when there is one.
export function onFragment(listener: (fragment: string) => void): void {
  listeners.add(listener);
}

// replace: no new entry in the history.
export function setFragment(text: string, replace = false): void {
  if (text === fragment) return;
  fragment = text;
  if (parent !== window) parent.postMessage({ fragment: text, replace }, '*');
  else if (replace) history.replaceState(null, '', `#${text}`);
  else location.hash = text;
}
