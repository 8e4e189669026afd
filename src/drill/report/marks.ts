import type { CheckStatus } from '../../checks/finding.ts';
import type { VerdictWord } from '../evidence.ts';
import { html, type Markup } from './markup.ts';

/**
 * Each outcome has its own shape, so that nobody needs colour to tell them apart: a disc is good, an octagon bad,
 * a diamond doubtful, a bar not applicable, a ring empty, a flag taken upon oneself.
 */
export const SYMBOLS: Markup = html`<svg width="0" height="0" class="symbols" aria-hidden="true" focusable="false">
<symbol id="m-good" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11"/><path d="M6.8 12.6l3.5 3.5 7-7.6"/></symbol>
<symbol id="m-bad" viewBox="0 0 24 24"><path class="s" d="M7.5 1h9L23 7.500v9L16.500 23h-9L1 16.500v-9z"/><path d="M8 8l8 8M16 8l-8 8"/></symbol>
<symbol id="m-doubt" viewBox="0 0 24 24"><path class="s" d="M12 .8L23.200 12 12 23.200.800 12z"/><path d="M9.200 9.400c.3-3.400 5.600-3.300 5.600 0 0 2.200-2.800 2.300-2.800 4.500M12 16.900v.2"/></symbol>
<symbol id="m-none" viewBox="0 0 24 24"><circle class="o" cx="12" cy="12" r="10"/><path class="l" d="M7.500 12h9"/></symbol>
<symbol id="m-empty" viewBox="0 0 24 24"><circle class="o" cx="12" cy="12" r="10" stroke-dasharray="4 3.500"/></symbol>
<symbol id="m-flag" viewBox="0 0 24 24"><path class="s" d="M5 2h14l-3.500 5L19 12H7v11H5z"/></symbol>
</svg>`;

export type Mark = 'good' | 'bad' | 'doubt' | 'none' | 'empty' | 'flag';

export function mark(kind: Mark): Markup {
  return html`<svg class="mark ${kind}" aria-hidden="true" focusable="false"><use href="#m-${kind}"/></svg>`;
}

const VERDICT_MARKS: Readonly<Record<VerdictWord, Mark>> = { PROVEN: 'good', FAILED: 'bad', 'NOT PROVEN': 'doubt' };

export function verdictMark(verdict: VerdictWord): Mark {
  return VERDICT_MARKS[verdict];
}

const STATUS_MARKS: Readonly<Record<CheckStatus, Mark>> = {
  passed: 'good',
  failed: 'bad',
  could_not_verify: 'doubt',
  not_applicable: 'none',
  not_requested: 'empty',
  accepted: 'flag',
};

export function statusMark(status: CheckStatus): Mark {
  return STATUS_MARKS[status];
}
