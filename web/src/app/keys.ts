// Keys of the whole page. A view's own keys are heard first.
import { helpOpen } from './help';
import { lossesOpen } from './losses';
import { dump, go, opening, route } from './state';
import { VIEW_LIST } from './views';

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function focusFirst(...selectors: string[]): boolean {
  for (const selector of selectors) {
    const element = document.querySelector<HTMLInputElement>(selector);
    if (!element) continue;
    element.focus();
    element.select?.();
    return true;
  }
  return false;
}

export function listenToKeys(): () => void {
  const heard = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (helpOpen.value || lossesOpen.value) return;
    if (event.key === 'Escape') {
      if (typing(event.target)) (event.target as HTMLElement).blur();
      else if (dump.value) closeInner();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === '?') helpOpen.value = true;
    else if (!dump.value || opening.value) return;
    else if (event.key === '/') focusFirst('main input[type=search]', '#address');
    else if (event.key === 'g') focusFirst('#address');
    else {
      const view = VIEW_LIST.find((entry) => entry.key === event.key);
      if (!view) return;
      go(view.name);
    }
    event.preventDefault();
  };
  addEventListener('keydown', heard);
  return () => removeEventListener('keydown', heard);
}

// What is open inside a view is closed: a frame, a process, a map.
function closeInner(): void {
  const { view, params } = route.value;
  const inner = ['pfn', 'pid', 'map', 'program', 'type', 'inode', 'device'].filter((name) => name in params);
  if (!inner.length || view === 'bytes') return;
  const rest = Object.fromEntries(Object.entries(params).filter(([name]) => !inner.includes(name) && name !== 'tab'));
  go(view, rest);
}
