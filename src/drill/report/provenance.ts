import { evidenceKey } from '../chain.ts';
import type { EvidenceBody } from '../evidence.ts';
import type { Seal } from '../seal.ts';
import { code, html, name, type Content, type Markup } from './markup.ts';
import { counted, instant } from './wording.ts';

/** What the verdict is bound to, and how anyone can check it without trusting this page. */
export function renderProvenance(body: EvidenceBody, seal: Seal | undefined, evidencePath: string | undefined): Markup {
  return html`<section aria-labelledby="objects"><h2 id="objects">What was drilled</h2>
<p>The objects this verdict speaks of, bound by digest: of other bytes it says nothing.</p>
${renderSubjects(body)}
<h3>Programs</h3>
<dl class="pairs">${Object.entries(body.tools).map(([tool, version]) => html`<div><dt>${name(tool)}</dt><dd>${name(version)}</dd></div>`)}</dl></section>
<section aria-labelledby="verify"><h2 id="verify">Verify it yourself</h2>
<p>This page is only a picture. The proof is the file <code>evidence.json</code> beside it: sealed after the teardown, so that no byte of it
can change unnoticed. Check it, its verdict and the objects above, offline:</p>
<pre><code>${commands(body, seal, evidencePath).join('\n')}</code></pre>
${renderSeal(body, seal)}</section>`;
}

function renderSubjects({ subjects }: EvidenceBody): Content {
  if (subjects.length === 0) return html`<p>None: the drill ended before it read any.</p>`;
  return html`<ul class="subjects">${subjects.map(
    ({ role, key, bytes, sha256 }) =>
      html`<li><strong>${role}</strong> <small>${counted(bytes, 'byte')}</small><br>${code(key)}<br><small>SHA-256</small> ${code(sha256)}</li>`,
  )}</ul>`;
}

function renderSeal(body: EvidenceBody, seal: Seal | undefined): Markup {
  const { policy, previous, drillId, startedAt, sealedAt } = body;
  return html`<dl class="pairs">
<div><dt>Drill</dt><dd>${code(drillId)}</dd></div>
<div><dt>Began</dt><dd>${instant(startedAt)}</dd></div>
<div><dt>Sealed</dt><dd>${instant(sealedAt)}</dd></div>
${seal && html`<div><dt>Key</dt><dd>${seal.algorithm} ${code(seal.keyId)}</dd></div><div><dt>Digest of the evidence</dt><dd>${code(seal.sha256)}</dd></div>`}
<div><dt>Policy</dt><dd>${counted(policy.required.length, 'required check')} ${code(policy.sha256)}</dd></div>
<div><dt>Follows</dt><dd>${previous ? html`${code(previous.key)} ${code(previous.sha256)}` : 'nothing: the first evidence of this database'}</dd></div>
</dl>`;
}

/** On the laptop the file lies in the home directory; on AWS it and the public key are fetched first. */
function commands(body: EvidenceBody, seal: Seal | undefined, evidencePath: string | undefined): string[] {
  if (seal?.algorithm !== 'ecdsa-sha256') {
    const path = evidencePath ?? `.pgproof/bucket/${evidenceKey(body.database, body.drillId)}`;
    return [`npx pgproof verify ${shellWord(path)}`];
  }
  const publicKey = `aws kms get-public-key --key-id ${shellWord(seal.keyId)} --query PublicKey --output text`;
  return [
    `${publicKey} | base64 -d | openssl pkey -pubin -inform DER -out evidence-key.pub.pem`,
    `npx pgproof verify ${shellWord(evidencePath ?? 'evidence.json')} --key evidence-key.pub.pem`,
  ];
}

/** As a shell must read it to get the same word back. */
function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
