import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../src/cloud/signer.ts';
import { SigningKeyError } from '../src/errors.ts';
import { DIRECTORY_MODE, FILE_MODE, makeDirectory } from './store/durable.ts';
import { isMissing } from './store/faults.ts';
import { createWholeFile } from './whole-file.ts';

/** Seals with an ed25519 key kept in the home directory; whoever can read that directory can seal in its name. */
export interface LocalSigner extends Signer {
  /** The public half in PEM, for `verify`; it lies beside the private one. */
  publicKeyPem(): Promise<string>;
}

/** Where the public half lies, for messages and for `verify`. */
export function publicKeyPath(home: string): string {
  return join(home, 'keys', 'evidence-key.pub.pem');
}

/**
 * A signer over `<home>/keys`. The key pair is made on first use and never again: evidence sealed with a lost key
 * could not be told from forged evidence, so a lost or damaged half is an error.
 */
export function createLocalSigner(home: string): LocalSigner {
  let loading: Promise<KeyObject> | undefined;
  const load = () => (loading ??= loadKey(home));
  const key = async () => {
    const der = createPublicKey(await load()).export({ type: 'spki', format: 'der' });
    return { algorithm: 'ed25519' as const, keyId: createHash('sha256').update(der).digest('hex') };
  };
  return {
    key,
    sign: async (message) => ({ ...(await key()), signature: sign(null, message, await load()).toString('base64') }),
    publicKeyPem: async () => publicPem(await load()),
  };
}

async function loadKey(home: string): Promise<KeyObject> {
  const paths = { keys: join(home, 'keys'), secret: join(home, 'keys', 'evidence-key.pem'), open: publicKeyPath(home) };
  const pem = (await readIfPresent(paths.secret)) ?? (await makeKey(paths));
  const key = parseKey(paths.secret, pem);
  await checkPrivacy(paths.secret);
  const published = await readIfPresent(paths.open);
  if (published === undefined) await createOnce(paths.open, publicPem(key));
  else if (published !== publicPem(key)) {
    throw new SigningKeyError(`${paths.open} is not the public half of ${paths.secret}`, {
      hint: `put the pair back from your copy, or start a new one: mv ${paths.keys} ${paths.keys}.old`,
    });
  }
  return key;
}

async function makeKey({ keys, secret, open }: { keys: string; secret: string; open: string }): Promise<string> {
  if ((await readIfPresent(open)) !== undefined) {
    throw new SigningKeyError(`${open} is there but its private half ${secret} is not`, {
      hint: `put it back from your copy, or start a new pair: mv ${keys} ${keys}.old`,
    });
  }
  await makeDirectory(keys);
  const { privateKey } = generateKeyPairSync('ed25519');
  return createOnce(secret, String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
}

/** Of two processes that create the file at once both get the winner's text. */
async function createOnce(path: string, text: string): Promise<string> {
  return (await createWholeFile(path, text)) ? text : readFile(path, 'utf8');
}

function parseKey(path: string, pem: string): KeyObject {
  const hint = `put the key back from your copy, or start a new pair: mv ${join(path, '..')} ${join(path, '..')}.old`;
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new SigningKeyError(`${path} is not a private key in PEM form`, { cause, hint });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new SigningKeyError(`${path} is a key of type ${key.asymmetricKeyType}, expected ed25519`, { hint });
  }
  return key;
}

/** A key that others can read seals nothing. */
async function checkPrivacy(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  throw new SigningKeyError(`${path} can be read by others (mode ${(mode & 0o777).toString(8)})`, {
    hint: `chmod ${FILE_MODE.toString(8)} ${path} && chmod ${DIRECTORY_MODE.toString(8)} ${join(path, '..')}`,
  });
}

function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ type: 'spki', format: 'pem' }));
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
