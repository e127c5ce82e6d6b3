// The state of the page in the URL's fragment: #1/VIEW?name=value&... The first
// part is the version of this form. Values are numbers, hex and words of a
// closed set; text of a guest never gets here, and nor does what one types.
export const VERSION = 1;

export const VIEWS = ['summary', 'map', 'processes', 'files', 'bpf', 'types', 'bytes', 'ask'] as const;
export type ViewName = (typeof VIEWS)[number];

export type Params = Record<string, string>;

export interface PageState {
  view: ViewName;
  params: Params;
}

// Names that may occur, and what their values look like.
const FORMS: Record<string, RegExp> = {
  pfn: /^\d{1,16}$/,
  layout: /^(hilbert|linear)$/,
  kinds: /^\d{1,2}(\.\d{1,2})*$/, // codes of kinds that are shown
  mark: /^(mapped|process\.\d{1,9}|file\.\d{1,9}:\d{1,9}\.\d{1,20}|shared)$/,
  zoom: /^-?\d{1,3}(\.\d{1,3})?$/,
  x: /^\d{1,9}$/,
  y: /^\d{1,9}$/,
  pid: /^\d{1,9}$/,
  tab: /^[a-z_]{1,24}$/,
  show: /^[a-z_]{1,24}$/,
  device: /^\d{1,9}:\d{1,9}$/,
  inode: /^\d{1,20}$/,
  map: /^\d{1,10}$/,
  program: /^\d{1,10}$/,
  type: /^\d{1,10}$/,
  at: /^([pf]:|v:(\d{1,9}:)?)0x[0-9a-f]{1,16}$/,
  overlay: /^\d{1,10}$/,
};

export function encodeState(state: PageState): string {
  const pairs = Object.keys(state.params)
    .filter((name) => FORMS[name]?.test(state.params[name]!))
    .sort()
    .map((name) => `${name}=${state.params[name]}`);
  return `#${VERSION}/${state.view}${pairs.length ? `?${pairs.join('&')}` : ''}`;
}

// What does not fit is left out: a fragment comes from anywhere.
export function decodeState(fragment: string): PageState | null {
  const match = /^#?(\d+)\/([a-z]+)(?:\?(.*))?$/.exec(fragment);
  if (!match || Number(match[1]) !== VERSION) return null;
  const view = VIEWS.find((name) => name === match[2]);
  if (!view) return null;
  const params: Params = {};
  for (const pair of (match[3] ?? '').split('&').slice(0, 32)) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const value = pair.slice(at + 1);
    if (at > 0 && Object.hasOwn(FORMS, name) && FORMS[name]!.test(value)) params[name] = value;
  }
  return { view, params };
}
