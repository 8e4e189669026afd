import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { LocalDatabaseService, type LocalDatabaseServiceOptions } from '../../local/database-service.ts';
import { openPlaces, makeInstancesDirectory, makeSnapshotsDirectory } from '../../local/database-service/places.ts';
import { socketDirectory, type Places } from '../../local/database-service/places.ts';
import { entriesIn } from '../../local/database-service/instance-record.ts';
import { processesIn } from '../../src/postgres/cluster/processes.ts';
import type { Connection, CreateInstance } from '../../src/cloud/database-service.ts';
import { connect, type Address } from '../../src/postgres/address.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../../src/postgres/programs.ts';

/** A home with the database service in it, and the means to see whether anything was left. */
export interface Home {
  readonly home: string;
  readonly places: Places;
  readonly programs: PostgresPrograms;
  readonly service: LocalDatabaseService;
  /** Another service over the same home. */
  open(options?: Partial<LocalDatabaseServiceOptions>): LocalDatabaseService;
  request(instanceId: string, more?: Partial<CreateInstance>): CreateInstance & { replication: boolean };
  /** What is left of an instance: processes, directories, sockets. */
  traces(instanceId: string): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeHome(mode = 0o711): Promise<Home> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-home-')));
  await chmod(home, mode);
  const programs = choosePrograms(await findPrograms(), { needServer: true });
  const places = await openPlaces(home);
  await makeInstancesDirectory(places);
  await makeSnapshotsDirectory(places);
  const open = (options: Partial<LocalDatabaseServiceOptions> = {}) =>
    new LocalDatabaseService({ home, programs: [programs], clock: systemClock, ...options });
  const service = open();
  return {
    home,
    places,
    programs,
    service,
    open,
    request: (instanceId, more) => ({
      instanceId,
      major: programs.major,
      superuser: 'owner',
      parameters: {},
      tags: { 'pgproof:drill': 'd1' },
      replication: true,
      ...more,
    }),
    async traces(instanceId) {
      const directory = join(places.instances, instanceId);
      const processes = (await processesIn(directory)).map((pid) => `process ${pid}`);
      const files = (await entriesIn(places.instances)).filter((name) => name.includes(instanceId));
      const sockets = (await readdir('/tmp')).filter((name) => `/tmp/${name}` === socketDirectory(places, instanceId));
      return [...processes, ...files, ...sockets];
    },
    async remove() {
      for (const { instanceId } of await service.listInstances()) await service.deleteInstance(instanceId);
      await rm(home, { recursive: true, force: true });
    },
  };
}

export function addressOf(connection: Connection, database = 'postgres'): Address {
  return { ...connection, database, sslMode: 'disable' };
}

/** Opens a connection, uses it and ends it. */
export async function using<T>(connection: Connection, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(addressOf(connection));
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The one value that a query returns, as text. */
export async function valueOf(connection: Connection, sql: string): Promise<string> {
  return using(connection, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return String(Object.values(rows[0] ?? {})[0]);
  });
}
