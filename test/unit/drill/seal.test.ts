import { describe, expect, test } from 'vitest';
import { SigningKeyError } from '../../../src/errors.ts';
import { sha256Hex } from '../../../src/drill/canonical.ts';
import { seal, signedStatement, type SealedEvidence } from '../../../src/drill/seal.ts';
import { canonicalEcdsaSignature } from '../../../src/drill/signature-form.ts';
import { verifyEvidence } from '../../../src/drill/verify-evidence.ts';
import { makeBody, makeFinding } from '../../helpers/evidence.ts';
import { fixedSigner, kmsLikeSigner } from '../../helpers/signers.ts';

async function sealed(body = makeBody(), signer = fixedSigner()): Promise<SealedEvidence> {
  return JSON.parse(await seal(body, signer)) as SealedEvidence;
}

describe('the sealed file', () => {
  test('is the same bytes for the same drill and key, for as long as format 1 lives', async () => {
    expect(sha256Hex(await seal(makeBody(), fixedSigner()))).toBe('11a9a971b3274683226b5d659df6dc30cd0f440e83b82a5de86d538de38b2752');
  });

  test('does not depend on the order in which the body was put together', async () => {
    const body = makeBody();
    const shuffled = Object.fromEntries(Object.entries(body).reverse()) as unknown as typeof body;
    expect(await seal(shuffled, fixedSigner())).toBe(await seal(body, fixedSigner()));
  });

  test('has no newline and no other white space outside of texts', async () => {
    const text = await seal(makeBody({ findings: [], reason: '', tables: [], timings: [] }), fixedSigner());
    expect(text.startsWith('{"evidence":{"assurance":"L5","backup":{"bytes":11,')).toBe(true);
    expect(text.endsWith('"}}')).toBe(true);
  });

  test('digests every section, and findings one by one', async () => {
    const { evidence, seal: made } = await sealed();
    const sections = Object.keys(evidence);
    const findings = evidence.findings.map(({ id }) => `findings.${id}`);
    expect(Object.keys(made.digests).sort()).toEqual([...sections, ...findings].sort());
    expect(sections).toHaveLength(23);
    expect(findings).toHaveLength(9);
    expect(made.digests['verdict']).toBe('7f49144ca397c9cc478b0266c920865f543ca0e7bf0f739485af94390ef9f0b3');
  });

  test('tells two findings of the same check apart', async () => {
    const { seal: made } = await sealed(makeBody({ findings: [makeFinding(), makeFinding({ examined: 3 })] }));
    expect(made.digests['findings.row-count']).not.toBe(made.digests['findings.row-count#2']);
  });

  test('is made even when a message was cut in the middle of a character', async () => {
    const errors = [{ state: 'Prove', name: 'X', origin: 'tool' as const, message: '😀'.slice(0, 1) }];
    expect((await sealed(makeBody({ errors }))).evidence.errors[0]?.message).toBe('\ufffd');
  });
});

describe('what is signed', () => {
  test('names the purpose, the key, the evidence and its digests, in fewer bytes than KMS takes', async () => {
    const { seal: made } = await sealed();
    const statement = Buffer.from(signedStatement(made)).toString();
    expect(JSON.parse(statement)).toEqual({
      algorithm: 'ed25519',
      digests: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      keyId: made.keyId,
      purpose: 'pgproof evidence 1',
      sha256: made.sha256,
    });
    expect(statement.length).toBe(282);
  });

  test('changes with every part of the seal', async () => {
    const { seal: made } = await sealed();
    const base = Buffer.from(signedStatement(made)).toString();
    for (const change of [{ algorithm: 'ecdsa-sha256' as const }, { keyId: 'x' }, { sha256: 'y' }, { digests: { verdict: 'z' } }]) {
      expect(Buffer.from(signedStatement({ ...made, ...change })).toString()).not.toBe(base);
    }
  });
});

describe('a signer that fails', () => {
  test('fails the sealing with its own error', async () => {
    const failure = new SigningKeyError('the key is disabled');
    const broken = { ...fixedSigner(), sign: () => Promise.reject(failure) };
    await expect(seal(makeBody(), broken)).rejects.toBe(failure);
  });
});

describe('a seal by a KMS key of type ECC_NIST_P256', () => {
  test('is verified, and its other valid form is not', async () => {
    const signer = kmsLikeSigner();
    // Signatures differ each time and half of them come in the other form first.
    for (let round = 0; round < 8; round += 1) {
      const text = await seal(makeBody(), signer);
      expect(await verifyEvidence({ text, publicKey: signer.publicKey })).toMatchObject({ ok: true, problems: [] });
      const { signature } = (JSON.parse(text) as SealedEvidence).seal;
      const forged = text.replace(signature, otherForm(signature));
      expect(forged).not.toBe(text);
      const { problems } = await verifyEvidence({ text: forged, publicKey: signer.publicKey });
      expect(problems.map(({ part }) => part)).toEqual(['seal.signature']);
    }
  });

  test('is not taken for one of another key of that type', async () => {
    const text = await seal(makeBody(), kmsLikeSigner());
    const { problems } = await verifyEvidence({ text, publicKey: kmsLikeSigner().publicKey });
    expect(problems.map(({ part }) => part)).toEqual(['seal.signature']);
  });

  test('refuses bytes that are no signature', () => {
    expect(() => canonicalEcdsaSignature(Buffer.from('3006020101020101ff', 'hex'))).toThrow('not a DER signature');
    expect(() => canonicalEcdsaSignature(Buffer.alloc(0))).toThrow('not a DER signature');
    expect(Buffer.from(canonicalEcdsaSignature(Buffer.from('3006020101020101', 'hex'))).toString('hex')).toBe('3006020101020101');
  });
});

/** (r, n - s) for (r, s): just as valid to every ECDSA library. */
function otherForm(signature: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const der = Buffer.from(signature, 'base64');
  const rEnd = 4 + (der[3] ?? 0);
  const s = order - BigInt(`0x${der.toString('hex', rEnd + 2)}`);
  const digits = Buffer.from(s.toString(16).padStart(66, '0'), 'hex');
  const body = Buffer.concat([der.subarray(2, rEnd), Buffer.from([0x02, digits.length]), digits]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64');
}
