// Small pieces that every view is made of.
import type { ComponentChildren } from 'preact';

import type { Resource, Trouble } from '../app/state';
import { Guest } from './guest';

export function Panel(props: {
  title: string;
  id: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
  class?: string;
}) {
  return (
    <section class={`panel ${props.class ?? ''}`} data-testid={`panel-${props.id}`} aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

export function Tabs<T extends string>(props: {
  id: string;
  label: string;
  tabs: readonly { id: T; label: string; count?: string }[];
  at: T;
  on: (id: T) => void;
}) {
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const i = props.tabs.findIndex((tab) => tab.id === props.at);
    const next = (i + step + props.tabs.length) % props.tabs.length;
    props.on(props.tabs[next]!.id);
    const list = (event.currentTarget as HTMLElement).children;
    requestAnimationFrame(() => (list[next] as HTMLElement | undefined)?.focus());
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} onKeyDown={move} data-testid={`tabs-${props.id}`}>
      {props.tabs.map((tab) => (
        <button
          type="button" role="tab" key={tab.id} aria-selected={tab.id === props.at}
          tabIndex={tab.id === props.at ? 0 : -1} data-testid={`tab-${props.id}-${tab.id}`}
          onClick={() => props.on(tab.id)}
        >
          {tab.label}
          {tab.count && <span class="count">{tab.count}</span>}
        </button>
      ))}
    </div>
  );
}

export function Segmented<T extends string>(props: {
  id: string;
  label: string;
  options: readonly { id: T; label: string; title?: string }[];
  at: T;
  on: (id: T) => void;
}) {
  return (
    <div class="segmented" role="group" aria-label={props.label} data-testid={props.id}>
      {props.options.map((option) => (
        <button
          type="button" key={option.id} aria-pressed={option.id === props.at} title={option.title}
          data-testid={`${props.id}-${option.id}`} onClick={() => props.on(option.id)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status" aria-busy="true">
      <span class="spinner" aria-hidden="true" /> {what}
    </p>
  );
}

export function Problem({ trouble }: { trouble: Trouble }) {
  return (
    <div class="problem" role="alert" data-testid="problem">
      <strong><Guest text={trouble.message} max={2000} /></strong>
      {trouble.advice && <p><Guest text={trouble.advice} max={2000} /></p>}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

// What an answer looks like before it is there, and when it could not be given.
export function Answered<T>(props: {
  of: Resource<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}) {
  if (props.of.state === 'loading') return <Loading what={props.what} />;
  if (props.of.state === 'error') return <Problem trouble={props.of.trouble} />;
  return <>{props.children(props.of.value)}</>;
}

// A horizontal share, beside its number.
export function Meter({ part, whole, class: name }: { part: number; whole: number; class?: string }) {
  const percent = whole > 0 ? Math.max(0, Math.min(100, (part / whole) * 100)) : 0;
  return (
    <span class={`meter ${name ?? ''}`} aria-hidden="true">
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}

export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}
export function Fact({ name, children, title }: { name: string; children: ComponentChildren; title?: string }) {
  return (
    <>
      <dt title={title}>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
