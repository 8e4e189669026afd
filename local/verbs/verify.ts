import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyEvidence, type Verification } from '../../src/drill/verify-evidence.ts';
import { ConfigurationError, ObjectNotFoundError, SigningKeyError } from '../../src/errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { publicKeyPath } from '../signer.ts';
import { DirectoryStore } from '../store/directory-store.ts';

export interface VerifyOptions {
  readonly home: string;
  /** Public key in PEM; by default the one of this home. */
  readonly key?: string | undefined;
}

/** Checks sealed evidence with nothing but the file, the objects of the bucket and the public key. */
export async function verify(file: string, { home, key }: VerifyOptions): Promise<Verification> {
  const text = await readNamed(file, 'EVIDENCE');
  const store = new DirectoryStore({ root: join(home, 'bucket') });
  return await verifyEvidence({
    text,
    publicKey: await readKey(key, home),
    readObject: async (objectKey) => {
      try {
        return await store.read(objectKey);
      } catch (error) {
        if (error instanceof ObjectNotFoundError) return undefined;
        throw error;
      }
    },
  });
}

async function readKey(key: string | undefined, home: string): Promise<string> {
  if (key !== undefined) return (await readNamed(key, '--key')).toString('utf8');
  const path = publicKeyPath(home);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SigningKeyError(`no public key at ${path}: a seal is only as good as the key it is checked against`, {
      cause,
      hint: 'npx pgproof verify EVIDENCE --key PUBLIC_KEY.pem',
    });
  }
}

async function readNamed(file: string, field: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ConfigurationError([`${field}: cannot read ${file}`], { cause, hint: `ls -l ${file}` });
  }
}

/** Objects that are merely not there prove nothing and are no forgery. */
function stateOf({ ok, problems }: Verification): 'intact' | 'incomplete' | 'altered' {
  if (ok) return 'intact';
  return problems.every(({ kind }) => kind === 'missing') ? 'incomplete' : 'altered';
}

/** 0 intact, 1 altered, 2 when objects that the evidence speaks of are missing. */
export function verificationExitCode(verification: Verification): ExitCode {
  return ({ intact: 0, altered: 1, incomplete: 2 } as const)[stateOf(verification)];
}

export function renderVerification(file: string, verification: Verification): string {
  const { ok, problems, checked, unchecked } = verification;
  const lines = [
    `${file}: ${{ intact: 'intact', incomplete: 'INCOMPLETE', altered: 'ALTERED' }[stateOf(verification)]}`,
    ...problems.map(({ part, problem }) => `  ✘ ${part}: ${problem}`),
    ...(ok ? checked.map((part) => `  ✔ ${part}`) : []),
    ...unchecked.map(({ part, reason }) => `  – ${part} not checked: ${reason}`),
  ];
  if (verification.evidence) {
    const { verdict, assurance, database, drillId } = verification.evidence;
    lines.push(`  it says: ${verdict} ${assurance} for ${database}, drill ${drillId}`);
  }
  return lines.join('\n');
}
