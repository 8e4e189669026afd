import type { AssuranceLevel, CheckStatus } from '../../checks/finding.ts';
import { html, type Markup } from './markup.ts';

export const LEVELS: readonly { readonly level: AssuranceLevel; readonly means: string }[] = [
  { level: 1, means: 'artefact intact' },
  { level: 2, means: 'restores' },
  { level: 3, means: 'structure equal' },
  { level: 4, means: 'rows equal' },
  { level: 5, means: 'content equal' },
  { level: 6, means: 'application works' },
];

export const STATUS_WORDS: Readonly<Record<CheckStatus, string>> = {
  passed: 'Passed',
  failed: 'Failed',
  could_not_verify: 'Could not verify',
  not_applicable: 'Does not apply',
  not_requested: 'Not requested',
  accepted: 'Accepted',
};

const GROUPED = new Intl.NumberFormat('en-US');

/** `60,000`; counts arrive as decimal strings because they may exceed what a number holds. */
export function count(value: number | bigint | string): string {
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return value;
  return GROUPED.format(typeof value === 'string' ? BigInt(value) : value);
}

export function counted(value: number | bigint | string, one: string, many = `${one}s`): string {
  return `${count(value)} ${String(value) === '1' ? one : many}`;
}

/** `9.4 MB`, in powers of 1,000. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to 1000 of the smaller unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (bytes === 1) return '1 byte';
  return `${unit === 0 || value >= 99.95 ? count(Math.round(value)) : value.toFixed(1)} ${units[unit]}`;
}

/** `12 ms`, `0.4 s`, `17 s`, `1 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const steps = [
    { unit: 'd', length: 86_400, next: { unit: 'h', length: 3600 } },
    { unit: 'h', length: 3600, next: { unit: 'min', length: 60 } },
    { unit: 'min', length: 60, next: { unit: 's', length: 1 } },
  ];
  const step = steps.find(({ length }) => whole >= length);
  if (step === undefined) return `${whole} s`;
  const rest = Math.floor((whole % step.length) / step.next.length);
  const large = `${Math.floor(whole / step.length)} ${step.unit}`;
  return rest === 0 ? large : `${large} ${rest} ${step.next.unit}`;
}

/** An instant as people read it, in UTC, with its exact form for programs. */
export function instant(iso: string): Markup {
  const at = new Date(iso);
  const shown = Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return html`<time datetime="${iso}">${shown}</time>`;
}

/** A share of a whole as a CSS or SVG length; the last digits do not matter to the eye but to those who measure. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? `${Number(((100 * part) / whole).toFixed(4))}%` : '0%';
}
