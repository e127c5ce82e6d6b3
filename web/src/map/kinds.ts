// What a frame can be: one small code a kind. Code 0 lies outside the picture.
// Names are those of the frames that the worker sends.
export interface Kind {
  code: number;
  name: string;
  label: string;
  glyph: string; // drawn into a cell when there is room: colour is never the only sign
  light: string;
  dark: string;
  doc: string;
}

export const OUTSIDE = 0;

const list: Omit<Kind, 'code'>[] = [
  { name: 'free', label: 'Free', glyph: '', light: '#dfe4ea', dark: '#262d37',
    doc: 'Nobody uses these pages. They may still hold what was there before.' },
  { name: 'file', label: 'File cache', glyph: 'F', light: '#0072b2', dark: '#3d9bd9',
    doc: 'Parts of files, kept in memory so that they need not be read from disk again.' },
  { name: 'shmem', label: 'Shared memory', glyph: 'M', light: '#56b4e9', dark: '#8ad0f7',
    doc: 'tmpfs files and memory that processes share.' },
  { name: 'anon', label: 'Process memory', glyph: 'A', light: '#e69f00', dark: '#f0b429',
    doc: 'Heaps, stacks and private data of processes: what no file backs.' },
  { name: 'slab', label: 'Kernel objects', glyph: 'S', light: '#009e73', dark: '#2fbf93',
    doc: 'Slab caches: the kernel’s own small objects, such as tasks, inodes, dentries.' },
  { name: 'page_table', label: 'Page tables', glyph: 'T', light: '#cc79a7', dark: '#e39fc3',
    doc: 'The tables by which processors turn virtual addresses into physical ones.' },
  { name: 'kernel_image', label: 'Kernel image', glyph: 'K', light: '#d55e00', dark: '#f07b2e',
    doc: 'The kernel’s code and static data.' },
  { name: 'kernel_stack', label: 'Kernel stacks', glyph: 'C', light: '#882255', dark: '#c2598f',
    doc: 'Stacks on which threads run inside the kernel.' },
  { name: 'vmalloc', label: 'vmalloc', glyph: 'V', light: '#44aa99', dark: '#6fd0c0',
    doc: 'Kernel memory that is contiguous only virtually: modules, BPF maps, large buffers.' },
  { name: 'percpu', label: 'Per-CPU', glyph: 'P', light: '#332288', dark: '#8f83e0',
    doc: 'Variables that each processor has its own copy of.' },
  { name: 'hugetlb', label: 'Huge pages', glyph: 'H', light: '#c9b400', dark: '#f0e442',
    doc: 'Pages set aside for hugetlbfs.' },
  { name: 'reserved', label: 'Reserved', glyph: 'R', light: '#6b7280', dark: '#78828f',
    doc: 'Held back at boot: firmware, memory maps, the kernel’s early allocations.' },
  { name: 'offline', label: 'Offline', glyph: 'O', light: '#2e3440', dark: '#a9b1bd',
    doc: 'Taken out of use, such as by a balloon driver.' },
  { name: 'unknown', label: 'Kernel, other', glyph: '?', light: '#a89f91', dark: '#93897a',
    doc: 'In use, but the frame does not say by whom: mostly the kernel’s own large allocations.' },
  { name: 'unreadable', label: 'Not described', glyph: '!', light: '#b8433f', dark: '#e0706b',
    doc: 'The dump has it, but no struct page that can be read: firmware, devices, or damage.' },
  { name: 'absent', label: 'Not in the dump', glyph: '', light: '#f6f3ee', dark: '#14171c',
    doc: 'No memory here, or the dump does not have it.' },
];

export const KINDS: readonly Kind[] = [
  { code: OUTSIDE, name: '', label: '', glyph: '', light: '#00000000', dark: '#00000000', doc: '' },
  ...list.map((kind, i) => ({ code: i + 1, ...kind })),
];
export const KIND_COUNT = KINDS.length;
const byName = new Map(KINDS.map((kind) => [kind.name, kind.code]));
export const UNKNOWN = byName.get('unknown')!;
export const ABSENT = byName.get('absent')!;

export function kindCode(name: string): number {
  return byName.get(name) ?? UNKNOWN;
}

// A frame of the picture: its kind in the low five bits, and flags as the
// worker sends them.
export const KIND_BITS = 0x1f;
export const MAPPED = 0x20;
export const SHARED = 0x40;
export const FILTERED = 0x80;
