import type { EvidenceBody } from '../evidence.ts';
import type { Seal } from '../seal.ts';
import { renderChecks } from './checks.ts';
import { SYMBOLS } from './marks.ts';
import { html, type Markup } from './markup.ts';
import { renderProvenance } from './provenance.ts';
import { STYLE } from './style.ts';
import { renderSummary } from './summary.ts';
import { renderTables } from './tables.ts';
import { renderTimeline } from './timeline.ts';

/**
 * The evidence as one self-contained page: no script, no request, readable on a phone, in print and in the dark.
 * @param seal names the key on the page and decides how the public half is come by
 * @param evidencePath where the evidence lies, when not in the usual place
 */
export function renderReport(body: EvidenceBody, seal?: Seal, evidencePath?: string): string {
  const tone = { PROVEN: 'good', FAILED: 'bad', 'NOT PROVEN': 'doubt' }[body.verdict];
  const page: Markup = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${body.verdict} ${body.assurance}: ${body.database}, ${body.backup?.id ?? 'no backup'}</title>
<style>${{ markup: STYLE }}</style></head>
<body class="${tone}">${SYMBOLS}
<main>${renderSummary(body)}
${renderTimeline(body)}
${renderTables(body)}
${renderChecks(body)}
${renderProvenance(body, seal, evidencePath)}</main>
<footer>pgproof, evidence format ${body.format}. Absence of proof is never a pass.</footer>
</body></html>
`;
  return page.markup;
}
