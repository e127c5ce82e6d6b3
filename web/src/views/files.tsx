// Files in memory: by file system and directory, as a treemap and a table.
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { adjust, dump, generation, route, rowsOnce, tableOnce } from '../app/state';
import { type Cell, textOf } from '../lib/cell';
import { bytesText, countText, plural } from '../lib/format';
import { Answered, Empty } from '../parts/basics';
import { Grid, type GridColumn } from '../parts/grid';
import { Guest } from '../parts/guest';
import type { Rows } from '../protocol';
import { FileDetail } from './file';
import { byPages, type FileNode, type FileSystem, fileTree } from './file_tree';
import { Treemap } from './treemap';

const COLUMNS = ['address', 'device', 'fs_type', 'inode', 'bytes', 'cached_pages', 'path'];
const MOST_FILES = 200000;

// Where in the tree one is: names are guest text, so it is not in the address.
const place = signal<{ of: number; keys: string[] }>({ of: -1, keys: [] });

export function FilesView() {
  const inodes = rowsOnce('inodes', COLUMNS, [{ column: 'cached_pages', op: '>', value: '0' }], MOST_FILES);
  const systems = tableOnce('superblocks', ['device', 'fs_type', 'source', 'mount_point']);
  return (
    <div class="view" data-testid="view-files">
      <Answered of={inodes} what="Listing cached files">
        {(rows) => (
          <Answered of={systems} what="Listing file systems">
            {(list) => {
              const found: FileSystem[] = list.map((row) => ({
                device: textOf(row.device), type: textOf(row.fs_type), source: textOf(row.source), mount: textOf(row.mount_point),
              }));
              return <Tree rows={rows} systems={found} />;
            }}
          </Answered>
        )}
      </Answered>
    </div>
  );
}

function Tree({ rows, systems }: { rows: Rows; systems: FileSystem[] }) {
  const root = useMemo(() => fileTree(rows.rows, systems), [rows]);
  const page = dump.value!.opened.pageBytes;
  const { device, inode } = route.value.params;
  const keys = place.value.of === generation.value ? place.value.keys : [];
  let at = root;
  const trail: FileNode[] = [root];
  for (const key of keys) {
    const next = at.children?.get(key);
    if (!next?.children) break;
    at = next;
    trail.push(at);
  }
  const enter = (node: FileNode) => {
    if (node.file) return adjust({ device: node.file.device, inode: node.file.inode.toString() }, false);
    const path: string[] = [];
    for (let up = node; up.parent; up = up.parent) {
      const key = [...up.parent.children!].find(([, child]) => child === up)![0];
      path.unshift(key);
    }
    place.value = { of: generation.value, keys: path };
    if (inode) adjust({ device: undefined, inode: undefined });
  };
  const chosen = useMemo(() => {
    if (!inode) return null;
    const stack = [root];
    while (stack.length) {
      const node = stack.pop()!;
      if (node.file?.device === device && node.file?.inode.toString() === inode) return node;
      if (node.children) stack.push(...node.children.values());
    }
    return null;
  }, [root, device, inode]);
  if (!root.pages) return <Empty>No file of this machine has pages in memory.</Empty>;
  return (
    <div class={`split files ${inode ? 'opened' : ''}`}>
      <section class="list" aria-label="Cached files">
        <header class="view-head">
          <h1>Files in memory</h1>
          <nav class="crumbs" aria-label="Directory">
            {trail.map((node, i) => (
              <span key={i}>
                <button type="button" class="link" data-testid={`crumb-${i}`} aria-current={node === at ? 'location' : undefined} onClick={() => enter(node)}>
                  {i === 0 ? 'all file systems' : <Guest text={node.name} max={40} />}
                </button>
                {i < trail.length - 1 && <span class="soft"> / </span>}
              </span>
            ))}
          </nav>
          <span class="soft">{bytesText(at.pages * page)} in {plural(at.files, 'file')}</span>
        </header>
        <Treemap at={at} page={page} open={enter} chosen={chosen} />
        <Entries at={at} page={page} enter={enter} chosen={chosen} />
      </section>
      {inode && device && <FileDetail key={`${device} ${inode}`} device={device} inode={inode} known={chosen?.file ?? null} />}
    </div>
  );
}

const ENTRY_COLUMNS: GridColumn[] = [
  { name: 'name', title: 'Name', kind: 'text', doc: 'File, directory or file system', width: 26 },
  { name: 'cached', title: 'Cached', kind: 'u64', doc: 'Bytes in the page cache', width: 11 },
  { name: 'size', title: 'Size', kind: 'u64', doc: 'Size of the file', width: 11 },
  { name: 'share', title: 'Share', kind: 'u64', doc: 'Cached part of the file, in percent', width: 9 },
  { name: 'files', title: 'Files', kind: 'u64', doc: 'Cached files below', width: 9 },
  { name: 'about', title: 'About', kind: 'text', doc: 'Inode, or type and device of the file system' },
];

function Entries({ at, page, enter, chosen }: { at: FileNode; page: number; enter: (node: FileNode) => void; chosen: FileNode | null }) {
  const list = useMemo(() => byPages(at), [at]);
  const rows = useMemo(
    () =>
      list.map((node): Cell[] => {
        const size = typeof node.file?.bytes === 'bigint' ? node.file.bytes : null;
        const cached = BigInt(node.pages * page);
        const whole = size === null ? null : (size + BigInt(page) - 1n) / BigInt(page);
        const about = node.fs ? `${node.fs.type} ${node.fs.device} ${node.fs.source}` : node.file ? `inode ${node.file.inode}` : '';
        return [
          node.children && !node.fs ? `${node.name}/` : node.name, cached, size,
          whole ? (BigInt(node.pages) * 100n) / whole : null, node.children ? BigInt(node.files) : null, about,
        ];
      }),
    [list],
  );
  return (
    <div class="entries">
      <Grid key={at.name + list.length} id="files" label="Files and directories" columns={ENTRY_COLUMNS} rows={rows} saveAs="files"
        onOpen={(_, i) => enter(list[i]!)} selected={(row) => chosen !== null && row === rows[list.indexOf(chosen)]}
        cell={(row, c) => {
          const cell = row[c];
          const { name } = ENTRY_COLUMNS[c]!;
          if ((name === 'cached' || name === 'size') && typeof cell === 'bigint') return <>{bytesText(Number(cell))}</>;
          if (name === 'share' && typeof cell === 'bigint') return <>{countText(cell > 100n ? 100n : cell)} %</>;
          return undefined;
        }} />
    </div>
  );
}

