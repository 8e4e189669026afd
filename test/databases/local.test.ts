import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { addressOf, makeHome, using, valueOf } from '../postgres/database-home.ts';
import { testDatabaseService, type DatabasesUnderTest } from './conformance.ts';

const SOURCE = 'conform-source';

/** A running cluster whose log is kept, a base backup of it, and something that was committed afterwards. */
async function openLocal(): Promise<DatabasesUnderTest> {
  const home = await makeHome();
  const { service } = home;
  await service.createInstance({ ...home.request(SOURCE), archive: true });
  const login = await service.untilAvailable(SOURCE);
  await using(login, (client) => client.query('create table t (a int)'));
  const source = addressOf(login);
  const snapshotId = 'conform-snapshot';
  await service.createSnapshot({ snapshotId, database: 'shop', source, tags: {} });
  // A recovery ends at a commit that follows its moment.
  for (const value of [1, 2]) {
    await using(login, (client) => client.query(`insert into t values (${value})`));
    await wait(20);
  }
  await service.keepLog({ instanceId: SOURCE, database: 'shop', source });
  return {
    service,
    major: home.programs.major,
    snapshotId,
    sources: { withLog: { database: 'shop' }, withoutLog: { database: 'ledger' } },
    logIn: async (connection) => {
      expect(await valueOf(connection, 'select current_user')).toBe('owner');
    },
    pause: () => wait(50),
    close: () => home.remove(),
  };
}

testDatabaseService('the laptop', openLocal);
