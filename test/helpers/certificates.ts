import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../src/postgres/address.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { until } from './process-list.ts';
import type { Source } from './source.ts';

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

/** Lets a running server take encrypted connections too; returns when it does. */
export async function enableTls(source: Source, { certificate, key }: Certificates): Promise<void> {
  const [{ place } = {}] = await source.sql('postgres', `select current_setting('data_directory') as place`);
  const data = String(place);
  const { uid, gid } = await stat(data);
  // The server reads its key as its own user, and refuses one that others may read.
  for (const [from, to] of [[certificate, 'server.crt'], [key, 'server.key']] as const) {
    await runProgram({ path: 'install', args: ['-m', '600', from, join(data, to)] });
    await chown(join(data, to), uid, gid);
  }
  await source.sql('postgres', 'alter system set ssl = on', 'select pg_reload_conf()');
  await until('the server takes encrypted connections', async () => {
    const client = await connect({ ...source.address('postgres'), sslMode: 'require' }).catch(() => undefined);
    await client?.end();
    return client && true;
  });
}
