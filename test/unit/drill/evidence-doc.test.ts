import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seal } from '../../../src/drill/seal.ts';
import { makeBody } from '../../helpers/evidence.ts';
import { fixedSigner, kmsLikeSigner, type TestSigner } from '../../helpers/signers.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/evidence.md'), 'utf8');

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgproof-by-hand-'));
  const [, program = ''] = /```js\n(.*?)```/s.exec(PAGE) ?? [];
  writeFileSync(join(directory, 'by-hand.mjs'), program);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the program of the page outside of the project, where it has nothing but Node. */
function verifyByHand(text: string, signer: TestSigner): { status: number | null; said: string } {
  writeFileSync(join(directory, 'evidence.json'), text);
  writeFileSync(join(directory, 'key.pem'), signer.publicKey);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['by-hand.mjs', 'evidence.json', 'key.pem'], { cwd: directory, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

const BODY = makeBody({ reason: 'Größe 1e21 “😀” \u0007', rto: { seconds: 0.1 + 0.2, targetSeconds: 1e21, status: 'met' } });

test.each([fixedSigner(), kmsLikeSigner()])('the program of docs/evidence.md verifies a seal with nothing but Node (%#)', async (signer) => {
  const text = await seal(BODY, signer);
  const { status, said } = verifyByHand(text, signer);
  expect(said).toContain('PROVEN L5');
  expect(status).toBe(0);
});

test('the program of docs/evidence.md finds what was altered', async () => {
  const signer = fixedSigner();
  const text = await seal(BODY, signer);
  expect(verifyByHand(`${text}\n`, signer)).toMatchObject({ status: 1, said: expect.stringContaining("'every byte is canonical': false") as string });
  expect(verifyByHand(text.replace('"L5"', '"L6"'), signer)).toMatchObject({ status: 1, said: expect.stringContaining("'the evidence is the one sealed': false") as string });
  expect(verifyByHand(text, fixedSigner(8))).toMatchObject({ status: 1, said: expect.stringContaining("'the key signed it': false") as string });
});

test('docs/evidence.md names every field of evidence and seal', async () => {
  const file = JSON.parse(await seal(BODY, fixedSigner())) as { evidence: object; seal: object };
  const fields = [...Object.keys(file.evidence), ...Object.keys(file.seal)];
  expect(fields).toHaveLength(28);
  for (const field of fields) expect(PAGE).toContain(`\`${field}\``);
});
