// The document around the viewer: it owns the address and the title, and
// nothing else. The viewer cannot reach it but by these messages.
const frame = document.getElementById('viewer') as HTMLIFrameElement;

function tell(): void {
  frame.contentWindow?.postMessage({ fragment: location.hash.slice(1) }, '*');
}

addEventListener('hashchange', tell);
addEventListener('message', (event: MessageEvent) => {
  if (event.source !== frame.contentWindow) return;
  const data: unknown = event.data;
  if (typeof data !== 'object' || data === null) return;
  if ('ready' in data) tell();
  if (!('fragment' in data) || typeof data.fragment !== 'string' || data.fragment.length > 4096) return;
  // Only what a fragment is made of: whatever is in it, it stays one.
  const hash = `#${data.fragment.replace(/[^\w\-.~!$&'()*+,;=:@/?%]/gu, encodeURIComponent)}`;
  if ('replace' in data && data.replace === true) history.replaceState(null, '', hash);
  else if (hash !== location.hash) history.pushState(null, '', hash);
});

// Keys are the viewer's.
for (const target of [frame, window]) target.addEventListener(target === frame ? 'load' : 'focus', () => frame.focus());

// A dump that is dropped beside the frame is not to be opened by the browser.
for (const name of ['dragover', 'drop'] as const) addEventListener(name, (event) => event.preventDefault());
