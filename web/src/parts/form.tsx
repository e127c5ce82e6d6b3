// One field and its button. Not a form element: the sandbox that the page runs
// in lets none be submitted.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

// on gets the field's text: at Enter in it, or at the button with data-submit.
export function Form(props: { on: (text: string) => void; class: string; label: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const submit = () => props.on(box.current!.querySelector('input')!.value);
  return (
    <div
      class={props.class} ref={box} role="search" aria-label={props.label}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement) || event.isComposing) return;
        event.preventDefault();
        submit();
      }}
      onClick={(event) => { if ((event.target as HTMLElement).closest('[data-submit]')) submit(); }}
    >
      {props.children}
    </div>
  );
}
