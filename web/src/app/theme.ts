// Light or dark: what the system says, until one chooses.
import { computed, effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export const theme = signal<Theme>('auto');

const query = matchMedia('(prefers-color-scheme: dark)');
const system = signal(query.matches);
query.addEventListener('change', () => (system.value = query.matches));

export const darkNow = computed(() => (theme.value === 'auto' ? system.value : theme.value === 'dark'));

effect(() => {
  document.documentElement.dataset.theme = darkNow.value ? 'dark' : 'light';
});

export function nextTheme(): void {
  theme.value = darkNow.value ? 'light' : 'dark';
}
