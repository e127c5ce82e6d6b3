// The views, in the order of the rail and of the keys 1 to 7.
import type { ViewName } from '../lib/fragment';

export interface ViewEntry {
  name: ViewName;
  label: string;
  key: string;
  icon: string; // path data in a box of 20 by 20
  doc: string;
}

export const VIEW_LIST: readonly ViewEntry[] = [
  { name: 'summary', label: 'Summary', key: '0', doc: 'What machine this is, and what is in its memory',
    icon: 'M3 4h14v12H3zM6 8h8M6 12h5' },
  { name: 'map', label: 'Memory map', key: '1', doc: 'Every page frame, by what it is used for',
    icon: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z' },
  { name: 'processes', label: 'Processes', key: '2', doc: 'Processes, their memory, files, arguments',
    icon: 'M5 3v11h10M5 8h10M15 6.5v3M15 12.5v3' },
  { name: 'files', label: 'Files', key: '3', doc: 'Files in memory, and what is cached of each',
    icon: 'M5 2.5h6.5L15 6v11.5H5zM11 2.5V6.5h4' },
  { name: 'bpf', label: 'BPF', key: '4', doc: 'BPF maps and what they hold, programs and their code',
    icon: 'M7 6a3 3 0 0 1 6 0M6 8h8v5a4 4 0 0 1-8 0zM10 8v9M3 7l3 2M17 7l-3 2M2.5 12H6M17.5 12H14M3 17l3-2.5M17 17l-3-2.5' },
  { name: 'types', label: 'Types', key: '5', doc: 'Every type of the kernel, and values in memory by it',
    icon: 'M7.5 3C4.5 3 6.5 9 3.5 10c3 1 1 7 4 7M12.5 3c3 0 1 6 4 7-3 1-1 7-4 7' },
  { name: 'bytes', label: 'Bytes', key: '6', doc: 'Memory byte for byte',
    icon: 'M3 5h2M8 5h2M13 5h4M3 10h4M10 10h2M15 10h2M3 15h2M8 15h4M15 15h2' },
  { name: 'ask', label: 'Ask', key: '7', doc: 'SQL over every table',
    icon: 'M4 6l4 4-4 4M10 15h6' },
];
