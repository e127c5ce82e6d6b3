// A dialog over the page; Esc and a click beside it close it.
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function Dialog(props: { id: string; title: string; open: Signal<boolean>; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const open = props.open.value;
  useEffect(() => {
    const dialog = element.current;
    if (open && dialog && !dialog.open) dialog.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={element} aria-label={props.title} data-testid={`dialog-${props.id}`} onClose={() => (props.open.value = false)}
      onClick={(event) => { if (event.target === element.current) props.open.value = false; }}
    >
      <div class="dialog-body">
        <header class="panel-head">
          <h2>{props.title}</h2>
          <button type="button" class="quiet" aria-label="Close" data-testid={`close-${props.id}`} onClick={() => (props.open.value = false)}>✕</button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
