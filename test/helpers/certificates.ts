import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/postgres/subprocess.ts';

/** Made in one directory with openssl; all good for a day. */
export interface Certificates {
  /** File with the certificate of an authority. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** An authority called `name`, and a server's certificate that it signed for `host` alone. */
export async function makeCertificates(directory: string, name: string, host: string): Promise<Certificates> {
  const file = (suffix: string) => join(directory, `${name}${suffix}`);
  const openssl = (...args: string[]) => runProgram({ path: 'openssl', args });
  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${name}`, '-keyout', file('-ca.key'), '-out', file('-ca.pem'));
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${host}`, '-keyout', file('.key'), '-out', file('.csr'));
  await writeFile(file('.ext'), `subjectAltName=DNS:${host}\n`);
  const signing = ['-CA', file('-ca.pem'), '-CAkey', file('-ca.key'), '-CAcreateserial', '-extfile', file('.ext')];
  await openssl('x509', '-req', '-in', file('.csr'), ...signing, '-days', '1', '-out', file('.pem'));
  return { authority: file('-ca.pem'), certificate: file('.pem'), key: file('.key') };
}
