import type { Finding } from '../../checks/finding.ts';
import type { EvidenceBody } from '../evidence.ts';
import { LEVEL_WORDS, levelState, unanswered } from './levels.ts';
import { mark, statusMark } from './marks.ts';
import { html, name, type Content, type Markup } from './markup.ts';
import { count, counted, LEVELS, STATUS_WORDS } from './wording.ts';

/** All checks under the level they support; what went wrong first and open. */
export function renderChecks(body: EvidenceBody): Markup {
  const levels = LEVELS.map(({ level, means }) => {
    const findings = body.findings.filter((finding) => finding.level === level).toSorted(byUrgency);
    if (findings.length === 0) return undefined;
    return html`<section class="level" aria-labelledby="l${level}"><h3 id="l${level}"><b>L${level}</b> ${means} <small>${LEVEL_WORDS[levelState(body, level)]}</small></h3>
<ul class="checks">${findings.map(renderFinding)}</ul></section>`;
  });
  return html`<section aria-labelledby="checks"><h2 id="checks">Checks</h2><p>${summarise(body.findings)}</p>
${levels}${renderMissing(body)}</section>`;
}

function summarise(findings: readonly Finding[]): string {
  const states = (Object.keys(STATUS_WORDS) as Finding['status'][])
    .map((status) => ({ status, times: findings.filter((finding) => finding.status === status).length }))
    .filter(({ times }) => times > 0)
    .map(({ status, times }) => `${count(times)} ${STATUS_WORDS[status].toLowerCase()}`);
  return `${counted(findings.length, 'check')}: ${states.join(', ') || 'nothing was found out'}.`;
}

function renderMissing(body: EvidenceBody): Content {
  const missing = unanswered(body);
  if (missing.length === 0) return undefined;
  return html`<section class="level" aria-labelledby="missing"><h3 id="missing">${counted(missing.length, 'required check')} without an answer</h3>
<ul class="missing">${missing.map((id) => html`<li>${mark('empty')}${name(id)}</li>`)}</ul></section>`;
}

function renderFinding(finding: Finding): Markup {
  const { status, detail, cause, examined, required, equality, number } = finding;
  const tags = [
    html`<span>${count(examined)} examined</span>`,
    equality && html`<span>against the source</span>`,
    !required && html`<span>reported only</span>`,
    cause !== undefined && status !== 'passed' && html`<span>cause: ${cause}</span>`,
    html`<span>check ${number}</span>`,
  ];
  return html`<li class="${status}${required ? '' : ' optional'}"><p class="head">${mark(statusMark(status))}<strong>${finding.name}</strong><span class="status">${STATUS_WORDS[status]}</span></p>
${detail ? html`<p class="detail">${detail}</p>` : undefined}<p class="tags">${tags}</p>${renderItems(finding)}${renderAcceptances(finding)}</li>`;
}

function renderItems({ items = [], differences = items.length, status }: Finding): Content {
  if (items.length === 0) return undefined;
  const cut = differences > items.length ? ` of ${count(differences)}` : '';
  const open = status === 'passed' || items.length > 10 ? html`` : html` open`;
  return html`<details${open}><summary>${counted(items.length, 'object')}${cut}</summary><ul class="items">${items.map((item) => html`<li>${name(item)}</li>`)}</ul></details>`;
}

function renderAcceptances({ acceptances = [] }: Finding): Content {
  return acceptances.map(
    ({ object, reason, owner, expires }) =>
      html`<p class="detail">Accepted ${object === undefined ? '' : html`for ${name(object)} `}by ${name(owner)} until ${expires}: ${reason}</p>`,
  );
}

const URGENCY: readonly Finding['status'][] = ['failed', 'could_not_verify', 'not_requested', 'accepted', 'passed', 'not_applicable'];

function byUrgency(a: Finding, b: Finding): number {
  return Number(b.required) - Number(a.required) || URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status) || a.number - b.number;
}
