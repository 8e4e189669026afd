import { beforeAll, describe, expect, test } from 'vitest';
import { SigningKeyError } from '../../../src/errors.ts';
import { canonicalJson, sha256Hex } from '../../../src/drill/canonical.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { digestsOf, seal, type SealedEvidence } from '../../../src/drill/seal.ts';
import { verifyEvidence } from '../../../src/drill/verify-evidence.ts';
import { makeBody, makeFinding } from '../../helpers/evidence.ts';
import { fixedSigner, kmsLikeSigner } from '../../helpers/signers.ts';

const signer = fixedSigner();
const { publicKey } = signer;
let text: string;
let bytes: Buffer;

beforeAll(async () => {
  text = await seal(makeBody(), signer);
  bytes = Buffer.from(text);
});

async function partsOf(altered: string | Uint8Array): Promise<string[]> {
  const { ok, problems, evidence } = await verifyEvidence({ text: altered, publicKey });
  expect(ok).toBe(problems.length === 0);
  expect(evidence === undefined).toBe(!ok);
  return problems.map(({ part }) => part);
}

/** The file with something changed in it, again in canonical form so that only the change shows. */
function edited(edit: (file: { evidence: Record<string, unknown>; seal: Record<string, unknown> }) => void): string {
  const file = JSON.parse(text) as { evidence: Record<string, unknown>; seal: Record<string, unknown> };
  edit(file);
  return canonicalJson(file);
}

describe('an unaltered file', () => {
  test('verifies, as bytes and as text, and gives its evidence', async () => {
    for (const form of [text, bytes]) {
      const result = await verifyEvidence({ text: form, publicKey });
      expect(result.problems).toEqual([]);
      expect(result.evidence).toEqual(makeBody());
    }
  });
});

describe('any altered byte', () => {
  test.each([
    { mask: 0x01, step: 1 },
    { mask: 0x20, step: 3 },
    { mask: 0x80, step: 5 },
  ])('is found when bit $mask of every byte in $step is turned', async ({ mask, step }) => {
    expect(bytes.length).toBeGreaterThan(7000);
    for (let at = 0; at < bytes.length; at += step) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ mask;
      const { ok } = await verifyEvidence({ text: altered, publicKey });
      if (ok) expect.fail(`byte ${at} altered and not found`);
    }
  });

  test('is found when it is missing or one too many', async () => {
    for (let at = 0; at <= bytes.length; at += 7) {
      const missing = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      const more = Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]);
      const results = [at < bytes.length && (await verifyEvidence({ text: missing, publicKey })), await verifyEvidence({ text: more, publicKey })];
      if (results.some((result) => result && result.ok)) expect.fail(`byte ${at} missing or one too many and not found`);
    }
  });

  test('is found in the spelling of the same values', async () => {
    const sameValues = [
      `${text}\n`,
      ` ${text}`,
      `\ufeff${text}`,
      JSON.stringify(JSON.parse(text), null, 2),
      text.replace('"bytes":11', '"bytes":11.0'),
      text.replace('"bytes":11', '"bytes":1.1e1'),
      text.replace('"PROVEN"', '"\\u0050ROVEN"'),
      text.replace('"verdict":"PROVEN"', '"verdict":"FAILED","verdict":"PROVEN"'),
      text.replace('{"evidence":', '{"a":1,"evidence":'),
    ];
    for (const altered of sameValues) {
      expect(altered).not.toBe(text);
      expect(await partsOf(altered)).not.toEqual([]);
      expect(await partsOf(Buffer.from(altered))).not.toEqual([]);
    }
  });

  test('is found in bytes that are no UTF-8, even where decoding would hide it', async () => {
    const marked = Buffer.from(await seal(makeBody({ reason: 'mended \ufffd text' }), signer));
    const at = marked.indexOf(Buffer.from('\ufffd'));
    const altered = Buffer.concat([marked.subarray(0, at), Buffer.from([0xff]), marked.subarray(at + 3)]);
    expect(altered.toString()).toBe(marked.toString());
    expect(await partsOf(altered)).toEqual(['evidence.json']);
    expect(await partsOf(marked)).toEqual([]);
  });

  test('is named by its place when the file is not canonical any more', async () => {
    const { problems } = await verifyEvidence({ text: `${text}\n`, publicKey });
    expect(problems).toEqual([
      {
        part: 'evidence.json',
        problem: `is not in canonical form from character ${text.length} on: white space, order or spelling was altered`,
        kind: 'altered',
      },
    ]);
  });
});

describe('an altered section', () => {
  const sections = Object.keys(makeBody()) as (keyof EvidenceBody)[];

  test.each(sections.filter((section) => section !== 'findings'))('is named: %s', async (section) => {
    expect(await partsOf(edited(({ evidence }) => (evidence[section] = 'altered')))).toContain(`evidence.${section}`);
    expect(await partsOf(edited(({ evidence }) => delete evidence[section]))).toContain(`evidence.${section}`);
  });

  test('is the only one named when nothing else depends on it', async () => {
    expect(await partsOf(edited(({ evidence }) => (evidence['reason'] = 'all is well')))).toEqual(['evidence.reason']);
    expect(await partsOf(edited(({ evidence }) => (evidence['tables'] = [])))).toEqual(['evidence.tables']);
    expect(await partsOf(edited(({ evidence }) => (evidence['added'] = 1)))).toEqual(['evidence.added']);
  });

  test('is a single finding by its id', async () => {
    const examined = edited(({ evidence }) => ((evidence['findings'] as { examined: number }[])[6]!.examined = 16));
    expect(await partsOf(examined)).toEqual(['evidence.findings.row-count']);
    const gone = edited(({ evidence }) => (evidence['findings'] as unknown[]).splice(6, 1));
    expect(await partsOf(gone)).toContain('evidence.findings.row-count');
    const added = edited(({ evidence }) => (evidence['findings'] as unknown[]).push(makeFinding({ id: 'extra' })));
    expect(await partsOf(added)).toEqual(['evidence.findings.extra']);
  });

  test('is the list of findings when only their order changed', async () => {
    expect(await partsOf(edited(({ evidence }) => (evidence['findings'] as unknown[]).reverse()))).toEqual(['evidence.findings']);
  });
});

describe('an altered seal', () => {
  test.each(['algorithm', 'keyId', 'sha256', 'signature'])('is named: %s', async (field) => {
    const parts = await partsOf(edited((file) => (file.seal[field] = 'altered')));
    expect(parts).toContain(`seal.${field}`);
  });

  test('is named down to the digest', async () => {
    const parts = await partsOf(edited((file) => ((file.seal['digests'] as Record<string, string>)['verdict'] = '00')));
    expect(parts).toEqual(['seal.digests.verdict', 'seal.signature']);
  });

  test('is no seal when a field is missing or one too many', async () => {
    expect(await partsOf(edited((file) => delete file.seal['keyId']))).toEqual(['seal']);
    expect(await partsOf(edited((file) => (file.seal['note'] = 'x')))).toEqual(['seal']);
    expect(await partsOf(edited((file) => (file.seal['digests'] = null)))).toEqual(['seal']);
  });
});

describe('a rewritten file', () => {
  /** Everything recomputed as its writer would, which anyone can do but for the signature. */
  function rewritten(change: Partial<EvidenceBody>): string {
    const file = JSON.parse(text) as SealedEvidence;
    const evidence = { ...file.evidence, ...change };
    const made = { ...file.seal, digests: digestsOf(evidence), sha256: sha256Hex(canonicalJson(evidence)) };
    return canonicalJson({ evidence, seal: made });
  }

  test('fails at the signature when all digests were made to fit', async () => {
    expect(await partsOf(rewritten({ reason: 'all is well' }))).toEqual(['seal.signature']);
    expect(await partsOf(rewritten({}))).toEqual([]);
  });

  test('fails when it was sealed with another key, whatever key it names', async () => {
    const foreign = fixedSigner(8);
    const resealed = await seal(makeBody(), foreign);
    expect(await partsOf(resealed)).toEqual(['seal.keyId']);
    const { keyId } = await signer.key();
    const liar = { ...foreign, key: async () => ({ algorithm: 'ed25519' as const, keyId }) };
    expect(await partsOf(await seal(makeBody(), liar))).toEqual(['seal.signature']);
    expect(await verifyEvidence({ text: resealed, publicKey: foreign.publicKey })).toMatchObject({ ok: true });
  });

  test('fails when it brings its own key along', async () => {
    const foreign = fixedSigner(8);
    const file = JSON.parse(await seal(makeBody(), foreign)) as SealedEvidence;
    const withKey = canonicalJson({ ...file, publicKey: foreign.publicKey });
    expect(await partsOf(withKey)).toEqual(['publicKey', 'seal.keyId']);
  });

  test('fails when the algorithm does not fit the key', async () => {
    const kms = kmsLikeSigner();
    const result = await verifyEvidence({ text, publicKey: kms.publicKey });
    expect(result.problems.map(({ part }) => part)).toEqual(['seal.algorithm']);
  });
});

describe('what is no sealed evidence at all', () => {
  test.each(['', '{}', 'null', '[]', '"x"', '{"evidence":{}}', '{"evidence":[],"seal":{}}', '{"evidence":{},"seal":[]}', '{"seal":{}}', '\u0000'])(
    'is refused: %j',
    async (nothing) => {
      expect(await partsOf(nothing)).not.toEqual([]);
    },
  );

  test('is refused when it was cut off, wherever', async () => {
    for (let length = 0; length < bytes.length; length += 97) expect(await partsOf(bytes.subarray(0, length))).toEqual(['evidence.json']);
  });
});

describe('without a public key', () => {
  test.each([undefined, '', ' \n', 'not a key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'])(
    'nothing is verified and the error says what to do: %j',
    async (key) => {
      const failure = await verifyEvidence({ text, publicKey: key }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SigningKeyError);
      expect((failure as SigningKeyError).hint).toContain('npx pgproof verify');
    },
  );
});
