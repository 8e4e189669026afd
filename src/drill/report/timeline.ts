import type { EvidenceBody, StageTiming } from '../evidence.ts';
import { html, name, type Markup } from './markup.ts';
import { duration, percent } from './wording.ts';

/** Stages on one time axis: where each bar begins and how long it is are the real proportions. */
export function renderTimeline(body: EvidenceBody): Markup {
  const stages = body.timings.filter(isReadable).toSorted((a, b) => begin(a) - begin(b) || end(a) - end(b));
  if (stages.length === 0) {
    return html`<section aria-labelledby="time"><h2 id="time">Time</h2><p>No stage was timed.</p></section>`;
  }
  const from = Math.min(...stages.map(begin));
  const whole = Math.max(1, Math.max(...stages.map(end)) - from);
  const longest = Math.max(...stages.map((stage) => end(stage) - begin(stage)));
  const rows = stages.map((stage) => renderStage(stage, from, whole, longest));
  return html`<section aria-labelledby="time"><h2 id="time">Time</h2>
<p>${duration(whole / 1000)} from the first stage to the end of the last, drawn to scale.</p>
<div class="timeline">${renderAxis(whole)}<ol>${rows}</ol></div></section>`;
}

function renderStage(stage: StageTiming, from: number, whole: number, longest: number): Markup {
  const length = end(stage) - begin(stage);
  const width = percent(length, whole);
  const kind = length === longest ? 'span longest' : 'span';
  return html`<li><span class="stage">${name(stage.stage)}</span><svg class="track" height="18" aria-hidden="true" focusable="false"><rect class="${kind}" x="${percent(begin(stage) - from, whole)}" width="${width}" height="18" rx="3"/></svg><span class="seconds">${duration(stage.seconds)}</span></li>`;
}

/** Four or five round marks, so that a length can be read off. */
function renderAxis(whole: number): Markup {
  const step = roundStep(whole / 5);
  const ticks: Markup[] = [];
  // A mark too near the end would have its label cut off.
  for (let at = 0; at <= whole * 0.94; at += step) {
    const label = at === 0 ? '0' : duration(at / 1000).replace(/\.0 s$/, ' s');
    ticks.push(html`<span style="left:${percent(at, whole)}">${label}</span>`);
  }
  return html`<div class="axis-row" aria-hidden="true"><div class="ticks">${ticks}</div></div>`;
}

const STEPS = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000];

function roundStep(atLeast: number): number {
  const hour = 3_600_000;
  return STEPS.find((step) => step >= atLeast) ?? Math.ceil(atLeast / hour) * hour;
}

function begin(stage: StageTiming): number {
  return Date.parse(stage.beganAt);
}

function end(stage: StageTiming): number {
  return Date.parse(stage.endedAt);
}

function isReadable(stage: StageTiming): boolean {
  return end(stage) >= begin(stage);
}
