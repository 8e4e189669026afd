import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { initCluster, startCluster, type Cluster } from '../../src/postgres/cluster/cluster.ts';
import { destroyCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { serverIdentity } from '../../src/postgres/cluster/identity.ts';
import { THROWAWAY_SETTINGS } from '../../src/postgres/cluster/settings.ts';
import { sampleServerSettings } from '../../local/sample/sample.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../../src/postgres/programs.ts';

/** A cluster of its own for one test file, with the superuser `postgres`. */
export interface SampleCluster {
  readonly programs: PostgresPrograms;
  /** PGHOST, PGPORT, PGUSER and PGPASSWORD for programs. */
  readonly env: Readonly<Record<string, string>>;
  connect(database: string): Promise<pg.Client>;
  createDatabase(name: string): Promise<void>;
  end(): Promise<void>;
}

export async function startSampleCluster(): Promise<SampleCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-sample-'));
  await chmod(directory, 0o711);
  const programs = choosePrograms(await findPrograms(), { needServer: true });
  const cluster: Cluster = {
    directory,
    socketDirectory: join(directory, 'socket'),
    programs,
    identity: await serverIdentity(),
  };
  const password = randomBytes(12).toString('hex');
  await initCluster(cluster, { superuser: 'postgres', password });
  const port = await startCluster(cluster, { settings: { ...THROWAWAY_SETTINGS, ...sampleServerSettings, jit: 'off' } });
  const clients: pg.Client[] = [];
  const connect = async (database: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
    await client.connect();
    clients.push(client);
    return client;
  };
  return {
    programs,
    env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGPASSWORD: password },
    connect,
    async createDatabase(name) {
      const client = await connect('postgres');
      await client.query(`create database ${name}`);
      await client.end();
    },
    async end() {
      await Promise.allSettled(clients.map((client) => client.end()));
      await destroyCluster(cluster);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
