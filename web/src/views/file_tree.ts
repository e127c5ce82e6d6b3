// Cached files as a tree: file systems, directories, files, with the pages that
// are cached below each.
import { cellNumber, textOf } from '../lib/cell';
import type { Cell } from '../protocol';

export interface FileNode {
  name: string; // guest text; '' at the root
  parent: FileNode | null;
  children: Map<string, FileNode> | null; // null: a file
  pages: number;
  files: number;
  file: CachedFile | null;
  fs: FileSystem | null;
}

export interface CachedFile {
  address: Cell;
  device: string;
  inode: bigint;
  bytes: Cell;
  pages: number;
  path: string; // '' when none is in memory
}

export interface FileSystem {
  device: string;
  type: string;
  mount: string;
  source: string;
}

function directory(name: string, parent: FileNode | null, fs: FileSystem | null = null): FileNode {
  return { name, parent, children: new Map(), pages: 0, files: 0, file: null, fs };
}

const DEEP = 64; // directories; what is below stays in one name

// inodes: rows of address, device, fs_type, inode, bytes, cached_pages, path.
export function fileTree(inodes: Cell[][], systems: FileSystem[]): FileNode {
  const root = directory('', null);
  const byDevice = new Map(systems.map((fs) => [fs.device, fs]));
  for (const row of inodes) {
    const [address, device, type, inode, bytes, cached, path] = row;
    const file: CachedFile = {
      address: address ?? null, device: textOf(device), inode: inode as bigint, bytes: bytes ?? null,
      pages: cellNumber(cached), path: textOf(path),
    };
    let fs = byDevice.get(file.device);
    if (!fs) {
      fs = { device: file.device, type: textOf(type), mount: '', source: '' };
      byDevice.set(file.device, fs);
    }
    let at = root.children!.get(file.device);
    if (!at) {
      at = directory(fs.mount.length > 1 ? fs.mount : `${fs.mount} ${fs.type}`.trim(), root, fs);
      root.children!.set(file.device, at);
    }
    let rest = file.path;
    if (fs.mount.length > 1 && rest.startsWith(`${fs.mount}/`)) rest = rest.slice(fs.mount.length);
    const names = rest.split('/').filter(Boolean);
    const last = names.length > DEEP ? names.slice(DEEP - 1).join('/') : names.pop();
    for (const name of names.slice(0, DEEP - 1)) at = into(at, name);
    const leaf: FileNode = {
      name: last ?? `inode ${file.inode}`, parent: at, children: null, pages: file.pages, files: 1, file, fs: null,
    };
    // Two inodes may have one name: a deleted one, another namespace's.
    const key = at.children!.has(leaf.name) || !last ? `${leaf.name}\0${file.inode}` : leaf.name;
    at.children!.set(key, leaf);
    for (let up: FileNode | null = at; up; up = up.parent) {
      up.pages += file.pages;
      up.files++;
    }
  }
  return root;
}

// A directory's key starts with a slash, so that a file of its name is another.
function into(at: FileNode, name: string): FileNode {
  const key = `/${name}`;
  let next = at.children!.get(key);
  if (!next) {
    next = directory(name, at);
    at.children!.set(key, next);
  }
  return next;
}

export function byPages(node: FileNode): FileNode[] {
  return [...(node.children?.values() ?? [])].sort((a, b) => b.pages - a.pages);
}
