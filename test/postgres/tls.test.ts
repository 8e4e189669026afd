import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceUnreachableError } from '../../src/errors.ts';
import { addressEnvironment, connect, type Address } from '../../src/postgres/address.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { enableTls, makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { startSource, type Source } from '../helpers/source.ts';
import { until } from '../helpers/process-list.ts';

/** A real server with a certificate for `localhost`: both ways into it, ours and libpq's, must verify it alike. */
let source: Source;
let directory: string;
let ours: Certificates;
let others: Certificates;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-tls-'));
  [ours, others] = await Promise.all([makeCertificates(directory, 'ours', 'localhost'), makeCertificates(directory, 'others', 'localhost')]);
  source = await startSource();
  await source.createDatabase('shop', 'create table marker ()');
  await enableTls(source, ours);
});
afterAll(async () => {
  await source.end();
  await rm(directory, { recursive: true });
});

function verifying(more: Partial<Address> = {}): Address {
  return { ...source.address('shop'), host: 'localhost', sslMode: 'verify-full', sslRootCert: ours.authority, ...more };
}

async function isEncrypted(address: Address): Promise<unknown> {
  const client = await connect(address);
  const { rows } = await client.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
  await client.end();
  return rows[0]?.ssl;
}

async function dump(address: Address): Promise<string> {
  const { stdout } = await runProgram({
    path: source.programs.path('pg_dump'),
    args: ['--schema-only', '--no-password'],
    env: addressEnvironment(address),
  });
  return stdout;
}

describe('verify-full', () => {
  it('connects to the host of the certificate with the right authority', async () => {
    expect(await isEncrypted(verifying())).toBe(true);
    expect(await dump(verifying())).toContain('CREATE TABLE public.marker');
  });

  it('refuses a host that the certificate is not for', async () => {
    const address = verifying({ host: '127.0.0.1' });
    await expect(connect(address)).rejects.toThrow(SourceUnreachableError);
    await expect(connect(address)).rejects.toThrow(/cannot connect to postgres@127\.0\.0\.1:\d+\/shop: .*IP: 127\.0\.0\.1 is not in the cert's list/);
    await expect(dump(address)).rejects.toThrow(/server certificate for "localhost" .*does not match host name "127\.0\.0\.1"/);
    // It is the verification that refuses: without it the same place answers.
    expect(await isEncrypted({ ...address, sslMode: 'require' })).toBe(true);
    expect(await isEncrypted({ ...address, sslMode: 'verify-ca' })).toBe(true);
  });

  it('refuses a certificate of another authority', async () => {
    const address = verifying({ sslRootCert: others.authority });
    await expect(connect(address)).rejects.toThrow(SourceUnreachableError);
    await expect(connect(address)).rejects.toThrow(/cannot connect to postgres@localhost:\d+\/shop: (unable to verify|self-signed certificate|unable to get)/);
    await expect(dump(address)).rejects.toThrow('certificate verify failed');
  });

  it('refuses a server without encryption', async () => {
    await source.sql('postgres', 'alter system set ssl = off', 'select pg_reload_conf()');
    try {
      await until('the server is without encryption', async () => (await isEncrypted({ ...verifying(), sslMode: 'prefer' })) === false || undefined);
      await expect(connect(verifying())).rejects.toThrow('The server does not support SSL connections');
      await expect(dump(verifying())).rejects.toThrow('server does not support SSL');
    } finally {
      await source.sql('postgres', 'alter system set ssl = on', 'select pg_reload_conf()');
    }
  });
});
