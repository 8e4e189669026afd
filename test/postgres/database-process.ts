/**
 * A process of its own that uses the database service, to be killed or to run as another user. Reads one request as JSON
 * from its arguments, prints one line of JSON when it is done, and then stays until it is killed.
 */
import { systemClock } from '../../src/cloud/system-clock.ts';
import { LocalDatabaseService } from '../../local/database-service.ts';
import type { Address } from '../../src/postgres/address.ts';
import { choosePrograms, findPrograms } from '../../src/postgres/programs.ts';
import { addressOf, valueOf } from './database-home.ts';

export type ProcessRequest =
  | { readonly home: string; readonly does: 'create'; readonly instanceIds: readonly string[]; readonly wait: boolean }
  | { readonly home: string; readonly does: 'snapshot'; readonly source: Address }
  | { readonly home: string; readonly does: 'everything' };

const request = JSON.parse(process.argv[2] ?? '') as ProcessRequest;
const programs = choosePrograms(await findPrograms(), { needServer: true });
const service = new LocalDatabaseService({ home: request.home, programs: [programs], clock: systemClock });

async function create(instanceId: string): Promise<void> {
  const about = { major: programs.major, superuser: 'owner', parameters: {}, tags: {}, replication: true };
  await service.createInstance({ instanceId, ...about });
}

async function everything(): Promise<unknown> {
  await create('source');
  const source = addressOf(await service.untilAvailable('source'));
  await service.createSnapshot({ snapshotId: 'kept', database: 'shop', source, tags: {} });
  const { examined, problems } = await service.verifySnapshot('kept');
  await service.restoreSnapshot({ instanceId: 'copy', snapshotId: 'kept', tags: {} });
  const answer = await valueOf(await service.untilAvailable('copy'), `SELECT current_user || ' answered'`);
  await service.destroyOwn();
  return { uid: process.getuid?.(), examined, problems, answer, left: await service.listInstances() };
}

if (request.does === 'everything') {
  process.stdout.write(`${JSON.stringify(await everything())}\n`);
} else if (request.does === 'snapshot') {
  process.stdout.write('{}\n');
  await service.createSnapshot({ snapshotId: 'broken-off', database: 'shop', source: request.source, tags: {} });
} else {
  for (const id of request.instanceIds) await create(id);
  if (request.wait) for (const id of request.instanceIds) await service.untilAvailable(id);
  process.stdout.write('{}\n');
}
if (request.does !== 'everything') setInterval(() => undefined, 60_000);
