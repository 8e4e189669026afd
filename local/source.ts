import { connect, type Address } from '../src/postgres/address.ts';
import type { Laptop } from './laptop.ts';
import { createSample, sampleServerSettings, type SampleSummary } from './sample/sample.ts';
import { startWriter, type Writer } from './sample/writer.ts';

/** The sample shop: a database on a cluster of its own, with somebody writing to it. */
export interface SampleSource {
  readonly instanceId: string;
  readonly address: Address;
  readonly url: string;
  readonly summary: SampleSummary;
  readonly version: string;
  readonly writer: Writer;
  /** Destroys the cluster; what was backed up is all that is left of it. */
  destroy(): Promise<void>;
}

const SEED = 20_261_120;

/** Starts a fresh cluster, fills it and begins to write. On failure nothing is left of it. */
export async function startSample(laptop: Laptop, name: string, say: (text: string) => void): Promise<SampleSource> {
  const programs = await laptop.programs({ needServer: true });
  const instanceId = `pgproof-source-${name}`;
  const destroy = () => laptop.databases.deleteInstance(instanceId);
  say(`starting PostgreSQL ${programs.version} from ${programs.directory}`);
  try {
    await laptop.databases.createInstance({
      instanceId,
      major: programs.major,
      superuser: 'postgres',
      parameters: { ...sampleServerSettings },
      tags: { 'pgproof:purpose': 'sample' },
      replication: true,
      archive: true,
    });
    const login = await laptop.databases.untilAvailable(instanceId);
    const admin = await connect({ ...login, database: 'postgres', sslMode: 'disable' });
    await admin.query('create database shop').finally(() => admin.end());
    const address: Address = { ...login, database: 'shop', sslMode: 'disable' };
    say('filling the sample shop');
    const client = await connect(address);
    const summary = await createSample(client, { seed: SEED }).finally(() => client.end());
    const writer = await startWriter(() => connect(address), { seed: SEED });
    const url = `postgres://${login.user}:${login.password}@${login.host}:${login.port}/shop?sslmode=disable`;
    return { instanceId, address, url, summary, version: programs.version, writer, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}
