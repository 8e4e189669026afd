import type { EvidenceBody } from '../evidence.ts';
import { LEVEL_WORDS, levelState, unanswered } from './levels.ts';
import { mark, verdictMark, type Mark } from './marks.ts';
import { html, name, type Content, type Markup } from './markup.ts';
import { sumRows } from './table-outcome.ts';
import { count, counted, duration, instant, LEVELS, percent, size } from './wording.ts';

/** The first screen: the word, how far it reaches, why, of what, and everything that limits it. */
export function renderSummary(body: EvidenceBody): Markup {
  const { verdict, assurance, reason } = body;
  return html`<header class="hero">
${renderFault(body)}
<p class="kicker"><span>Restore drill of <strong>${name(body.database)}</strong></span> <span>${instant(body.startedAt)}</span></p>
<h1 id="verdict">${mark(verdictMark(verdict))}<span>${verdict}</span><small>${assurance} <i>${meaning(assurance)}</i></small></h1>
<p class="reason">${reason}.${renderCauses(body)}</p>
${renderLadder(body)}
${renderNotes(body)}
${renderKeyFacts(body)}
${renderScope(body)}
</header>`;
}

function meaning(assurance: string): string {
  return LEVELS.find(({ level }) => `L${level}` === assurance)?.means ?? 'nothing proved';
}

function renderFault({ fault, verdict }: EvidenceBody): Content {
  if (fault === null) return undefined;
  const outcome = {
    FAILED: 'The drill noticed it, as it must.',
    'NOT PROVEN': 'The drill could not tell: it neither noticed nor overlooked it.',
    PROVEN: 'The drill did NOT notice it: do not trust drills of this installation until you know why.',
  }[verdict];
  return html`<aside class="fault" aria-label="Planted fault"><strong>A fault was planted on purpose: ${fault}.</strong>
This drill says nothing about the backup. ${outcome}</aside>`;
}

function renderLadder(body: EvidenceBody): Markup {
  const steps = LEVELS.map(({ level, means }) => {
    const state = levelState(body, level);
    return html`<li class="${state}"><b>L${level}</b> <span>${means}</span> <em>${LEVEL_WORDS[state]}</em></li>`;
  });
  return html`<ol class="ladder" aria-label="Assurance levels">${steps}</ol>`;
}

/** Whose fault it is that this is not PROVEN. */
function renderCauses({ verdict, errors, findings }: EvidenceBody): Content {
  if (verdict === 'PROVEN') return undefined;
  const open = findings.filter(({ required, status }) => required && !['passed', 'not_applicable', 'accepted'].includes(status));
  const causes = new Set([...errors.map(({ origin }) => origin), ...open.map(({ cause }) => cause)].filter((cause) => cause !== undefined));
  return causes.size > 0 && html` <span class="cause">Cause: ${[...causes].join(', ')}.</span>`;
}

/** Everything a reader must not overlook, before any figure. */
function renderNotes(body: EvidenceBody): Content {
  const accepted = body.findings.filter(({ status }) => status === 'accepted');
  const notes: [Mark, Content][] = [
    ...body.errors
      // The reason says the first of them already, and the cleanup has a note of its own.
      .filter(({ state, name: error }) => !body.reason.startsWith(`${state} ended with ${error}`))
      .filter(({ name: error }) => error !== 'CleanupFailedError' || body.cleanup.status !== 'failed')
      .map(({ state, name: error, origin, message }): [Mark, Content] => [
        origin === 'backup' ? 'bad' : 'doubt',
        html`<strong>${state} ended with ${error}</strong> (cause: ${origin}): ${message}`,
      ]),
    ...(body.policy.dropped.length > 0
      ? [['doubt', html`<strong>Required last time and no longer:</strong> ${body.policy.dropped.join(', ')}`] as [Mark, Content]]
      : []),
    ...accepted.map(({ name: check, acceptances = [] }): [Mark, Content] => [
      'flag',
      html`<strong>${check} failed and is accepted</strong> ${acceptances.map((each) => html`until ${each.expires} by ${name(each.owner)}: ${each.reason}. `)}`,
    ]),
    ...(body.cleanup.status === 'failed'
      ? [['bad', html`<strong>Cleanup failed:</strong> ${body.cleanup.detail}. A copy of the data may still be there.`] as [Mark, Content]]
      : []),
  ];
  if (notes.length === 0) return undefined;
  return html`<ul class="notes" aria-label="To be noted">${notes.map(([kind, text]) => html`<li>${mark(kind)}<span>${text}</span></li>`)}</ul>`;
}

function renderKeyFacts(body: EvidenceBody): Markup {
  const { backup, cleanup, startedAt } = body;
  const age = backup && (Date.parse(startedAt) - Date.parse(backup.takenAt)) / 1000;
  return html`<dl class="facts">
<div><dt>Database</dt><dd>${name(body.database)}</dd></div>
<div><dt>Backup</dt><dd>${backup ? name(backup.id) : 'none'} <small>${body.kind}</small></dd></div>
<div><dt>Age when drilled</dt><dd>${backup && age !== null && Number.isFinite(age) ? html`${duration(Math.max(0, age))} <small>taken ${instant(backup.takenAt)}</small>` : 'unknown'}</dd></div>
<div><dt>Size</dt><dd>${backup && backup.bytes > 0 ? html`${size(backup.bytes)} <small>${counted(backup.bytes, 'byte')}</small>` : 'unknown'}</dd></div>
${renderTarget('RTO', 'time to recover', body.rto)}
${renderTarget('RPO', 'data that would be lost', body.rpo)}
${renderStorage(body)}
<div><dt>Cleanup</dt><dd class="axis">${mark(cleanupMark(cleanup.status))}<span>${cleanup.status} <small>${cleanup.detail}</small></span></dd></div>
<div><dt>Tables</dt><dd>${count(body.tables.length)} <small>${describeRowsFound(body)}</small></dd></div>
</dl>`;
}

/** Beside the RTO, because a copy that answers may still be fetching what it is asked for. */
function renderStorage({ storage }: EvidenceBody): Content {
  if (storage === undefined) return undefined;
  const { loadedPercent: loaded, detail } = storage;
  const kind: Mark = loaded === 100 ? 'good' : loaded === null ? 'doubt' : 'flag';
  return html`<div><dt>Storage <small>how much was there</small></dt><dd class="axis">${mark(kind)}<span>${loaded === null ? 'unknown' : `${loaded} %`} <small>${detail}</small></span></dd></div>`;
}

function cleanupMark(status: EvidenceBody['cleanup']['status']): Mark {
  return { verified: 'good', failed: 'bad', 'nothing to clean': 'none' }[status] as Mark;
}

function describeRowsFound({ tables }: EvidenceBody): string {
  const found = sumRows(tables, 'foundRows');
  return found === undefined ? 'rows not counted' : `${counted(found, 'row')} found`;
}

/** The figure, and how much of what is allowed it takes. */
function renderTarget(term: string, means: string, axis: EvidenceBody['rto']): Markup {
  const { seconds, targetSeconds, status } = axis;
  const kind: Mark = ({ met: 'good', missed: 'bad', unknown: 'doubt', 'no target': 'none' } as const)[status];
  const whole = Math.max(seconds ?? 0, targetSeconds ?? 0);
  const bar =
    seconds === null || targetSeconds === null
      ? undefined
      : html`<svg class="gauge ${status}" height="12" aria-hidden="true" focusable="false"><rect class="allowed" y="2" width="100%" height="8" rx="4"/><rect class="taken" y="2" width="${percent(seconds, whole)}" height="8" rx="4"/><rect class="limit" x="${percent(targetSeconds, whole)}" width="3" height="12"/></svg>`;
  return html`<div><dt>${term} <small>${means}</small></dt><dd class="axis">${mark(kind)}<span>${seconds === null ? 'unknown' : duration(seconds)}
<small>${targetSeconds === null ? 'no target set' : `target ${duration(targetSeconds)}: ${status}`}</small></span></dd>${bar}</div>`;
}

/** A drill that broke off did not come to say what it left out, so what the policy still asks for is said here. */
function renderScope(body: EvidenceBody): Markup {
  const { examined, notExamined } = body.scope;
  const missing = unanswered(body);
  const left = missing.length > 0 ? [...notExamined, `${counted(missing.length, 'required check')}: ${missing.join(', ')}`] : notExamined;
  const list = (items: readonly string[]) =>
    items.length === 0 ? html`<p>Nothing is named.</p>` : html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
  return html`<div class="scope">
<section><h2>Examined</h2>${list(examined)}</section>
<section><h2>Not examined</h2>${list(left)}</section>
</div>`;
}
