import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseService } from '../../src/cloud/database-service.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { createRdsShop, rdsLike, startRdsLikeSource, type RdsLikeSource } from '../helpers/rds-like.ts';

/** Dumps of a source as on RDS, restored to instances as on RDS, where nobody is a superuser. */
let source: RdsLikeSource;
let home: TestHome;
let databases: DatabaseService;

beforeAll(async () => {
  source = await startRdsLikeSource();
  await createRdsShop(source);
  home = await makeTestHome();
  home.source('shop', source.url('shop', source.reader));
  databases = rdsLike(home.laptop.databases);
  expect(await home.backUp('shop', '20261120T020000Z-r')).toBe('valid');
});
afterAll(async () => {
  await home?.remove();
  await source?.end();
});

const drill = (input: Parameters<TestHome['drill']>[0] = {}): Promise<Drilled> =>
  home.drill({ database: 'shop', ...input }, { databases }, home.inProcess({ databases }));

describe('a dump taken from RDS by a role that only reads', () => {
  it('is PROVEN to the last value on an instance whose administrator is no superuser', async () => {
    const { body } = await drill();
    const open = body.findings.filter(({ status, required }) => required && !['passed', 'not_applicable'].includes(status));
    expect(open).toEqual([]);
    expect([body.verdict, body.assurance, body.errors]).toEqual(['PROVEN', 'L5', []]);
  });
});
