import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../../src/postgres/cluster/cluster.ts';
import { destroyCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { dataDirectory, makeOwned } from '../../src/postgres/cluster/cluster-files.ts';
import { serverIdentity } from '../../src/postgres/cluster/identity.ts';
import { THROWAWAY_SETTINGS } from '../../src/postgres/cluster/settings.ts';
import { addressEnvironment, connect, type Address } from '../../src/postgres/address.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import type { Source } from './source.ts';

/** A streaming standby of a source, whose roles and passwords it shares. */
export interface Standby {
  address(database: string): Address;
  url(database: string): string;
  /** The first row of a query's answer. */
  ask(query: string): Promise<Record<string, unknown>>;
  end(): Promise<void>;
}

export async function startStandby(primary: Source): Promise<Standby> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-standby-'));
  await chmod(directory, 0o711);
  const identity = await serverIdentity();
  const cluster: Cluster = { directory, socketDirectory: join(directory, 'socket'), programs: primary.programs, identity };
  const data = dataDirectory(directory);
  await makeOwned(data, identity);
  const login = primary.address('postgres');
  await runProgram({
    path: primary.programs.path('pg_basebackup'),
    args: ['--pgdata', data, '--checkpoint=fast', '--wal-method=stream', '--no-sync', '--no-password'],
    cwd: directory,
    env: addressEnvironment(login),
    ...(identity ? { identity } : {}),
  });
  await writeFile(join(data, 'standby.signal'), '');
  const { host, port, user, password } = login;
  const primary_conninfo = `host=${host} port=${port} user=${user} password=${password}`;
  const own = await startCluster(cluster, { settings: { ...THROWAWAY_SETTINGS, primary_conninfo, hot_standby: 'on' } });
  const address = (database: string): Address => ({ ...login, port: own, database });
  return {
    address,
    url: (database) => primary.url(database).replace(`:${port}/`, `:${own}/`),
    ask: async (query) => {
      const client = await connect(address('postgres'));
      try {
        return (await client.query<Record<string, unknown>>(query)).rows[0] ?? {};
      } finally {
        await client.end();
      }
    },
    end: async () => {
      await destroyCluster(cluster);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
