import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULTS, type Fault } from '../../src/drill/contract.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';

/** A drill that cannot fail proves nothing: each fault it can be told to plant must end FAILED, by the check that is meant. */
let source: Source;
let target: Source;
let home: TestHome;

beforeAll(async () => {
  [source, target] = await Promise.all([startSource(), startSource()]);
  await source.createDatabase('shop', ...SMALL_SHOP);
  await source.createDatabase('plain', 'create table t (note text)', `insert into t values ('only text')`);
  home = await makeTestHome();
  for (const database of ['shop', 'plain']) {
    home.source(database, source.url(database));
    expect(await home.backUp(database, '20261120T020000Z-h')).toBe('valid');
  }
});
afterAll(async () => {
  await home.remove();
  await Promise.all([source.end(), target.end()]);
});

function drill(database: string, fault: Fault): Promise<Drilled> {
  const databases = standingInstance(target);
  return home.drill({ database, break: fault }, { databases }, home.inProcess({ databases }));
}

const CAUGHT_BY: Readonly<Record<Fault, readonly string[]>> = {
  'lose-rows': ['row-count', 'content-hash'],
  'change-value': ['content-hash'],
  'drop-grant': ['grants', 'privilege-matrix'],
  'flip-byte': ['archive-digest'],
  'truncate-archive': ['archive-digest', 'restore-output'],
  'drop-index': ['indexes'],
  'lose-setting': ['roles'],
};

describe('a fault planted on purpose', () => {
  it.each(FAULTS)('%s ends FAILED, by the checks that are meant', async (fault) => {
    const { body, exitCode } = await drill('shop', fault);
    const failed = body.findings.filter(({ status, required }) => required && status === 'failed').map(({ id }) => id);
    expect([body.verdict, body.fault, exitCode]).toEqual(['FAILED', fault, 1]);
    expect(failed).toEqual(expect.arrayContaining([...CAUGHT_BY[fault]]));
    if (!['flip-byte', 'truncate-archive'].includes(fault)) expect(failed).toHaveLength(CAUGHT_BY[fault].length);
  });

  it.each(['change-value', 'drop-grant', 'drop-index', 'lose-setting'] as const)('%s that finds nothing to strike ends NOT PROVEN', async (fault) => {
    const { body, exitCode } = await drill('plain', fault);
    expect([body.verdict, body.fault, exitCode]).toEqual(['NOT PROVEN', fault, 2]);
    expect(body.reason).toMatch(new RegExp(`--break ${fault}: this database has nothing that this fault could strike`));
  });

  it('never touches the backup: without a fault it is PROVEN', async () => {
    const databases = standingInstance(target);
    const { body } = await home.drill({ database: 'shop' }, { databases }, home.inProcess({ databases }));
    expect([body.verdict, body.fault]).toEqual(['PROVEN', null]);
  });
});
