import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Address } from '../../src/postgres/address.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import { until } from '../helpers/process-list.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** A real PostgreSQL that proves who it is, as RDS does: its certificate is for `localhost`. */
export interface TlsServer {
  readonly source: Source;
  readonly host: string;
  readonly port: number;
  /** The superuser's. */
  readonly password: string;
  /** File with the authority that its certificate rests on. */
  readonly authority: string;
  end(): Promise<void>;
}

export async function startTlsServer(): Promise<TlsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-tls-server-'));
  const { authority, certificate, key } = await makeCertificates(directory, 'authority', 'localhost');
  const source = await startSource();
  await encrypt(source, { certificate, key });
  const { port, password = '' } = source.address('postgres');
  const address: Address = { ...source.address('postgres'), host: 'localhost', sslMode: 'verify-full', sslRootCert: authority };
  await until('the server takes encrypted connections', async () => {
    const client = await connect(address).catch(() => undefined);
    await client?.end();
    return client && true;
  });
  const end = async (): Promise<void> => {
    await source.end();
    await rm(directory, { recursive: true });
  };
  return { source, host: 'localhost', port, password, authority, end };
}

async function encrypt(source: Source, files: { readonly certificate: string; readonly key: string }): Promise<void> {
  const [{ place } = {}] = await source.sql('postgres', `select current_setting('data_directory') as place`);
  const data = String(place);
  const { uid, gid } = await stat(data);
  // The server reads its key as its own user, and refuses one that others may read.
  for (const [from, to] of [[files.certificate, 'server.crt'], [files.key, 'server.key']] as const) {
    await runProgram({ path: 'install', args: ['-m', '600', from, join(data, to)] });
    await chown(join(data, to), uid, gid);
  }
  await source.sql('postgres', 'alter system set ssl = on', 'select pg_reload_conf()');
}
