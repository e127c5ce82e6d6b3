// Directories and files by cached bytes, as nested rectangles. The table beside
// it says the same for the keyboard and for readers.
import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { visible } from '../lib/escape';
import { bytesText } from '../lib/format';
import { byPages, type FileNode } from './file_tree';

interface Item {
  node: FileNode | null; // null: what is too small to show
  pages: number;
  children: Item[];
}

const MOST = 60; // of one directory
const HEAD = 18;

function item(node: FileNode, depth: number): Item {
  if (depth === 0 || !node.children) return { node, pages: node.pages, children: [] };
  const list = byPages(node).filter((child) => child.pages > 0);
  const children = list.slice(0, MOST).map((child) => item(child, depth - 1));
  const rest = list.slice(MOST).reduce((sum, child) => sum + child.pages, 0);
  if (rest) children.push({ node: null, pages: rest, children: [] });
  return { node, pages: node.pages, children };
}

export function Treemap(props: { at: FileNode; page: number; open: (node: FileNode) => void; chosen: FileNode | null }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width, height });
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const cells = useMemo(() => {
    if (!size.width || !size.height || !props.at.pages) return [];
    const root = hierarchy(item(props.at, 2), (one) => one.children).sum((one) => (one.children.length ? 0 : one.pages));
    return treemap<Item>().tile(treemapSquarify).size([size.width, size.height]).round(true)
      .paddingInner(2).paddingOuter((node) => (node.depth === 1 ? 2 : 0))
      .paddingTop((node) => (node.depth === 1 && node.children ? HEAD : 0))(root).descendants().filter((node) => node.depth > 0 && node.x1 - node.x0 > 2 && node.y1 - node.y0 > 2);
  }, [props.at, size]);
  return (
    <div class="treemap" ref={box} data-testid="treemap" role="group" aria-label="Cached bytes by directory and file">
      {cells.map((cell, i) => {
        const { node, pages } = cell.data;
        const w = cell.x1 - cell.x0;
        const h = cell.y1 - cell.y0;
        const name = node ? visible(node.name) : 'other';
        const label = `${name} ${bytesText(pages * props.page)}`;
        return (
          <button
            type="button" key={i} tabIndex={-1} title={label} aria-label={label}
            class={`tile depth-${cell.depth} ${node?.children ? 'dir' : 'file'} ${cell.children ? 'open' : ''} ${node && node === props.chosen ? 'chosen' : ''}`}
            style={{ left: `${cell.x0}px`, top: `${cell.y0}px`, width: `${w}px`, height: `${h}px` }}
            disabled={!node} onClick={() => node && props.open(node)}
          >
            {w > 44 && h > 15 && <span class="tile-name">{name} </span>}
            {w > 60 && h > 34 && !cell.children && <span class="tile-size">{bytesText(pages * props.page)}</span>}
          </button>
        );
      })}
    </div>
  );
}
