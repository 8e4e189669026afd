import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeDump } from '../../src/backup/dump.ts';
import { databaseConfig } from '../../src/config/config.ts';
import { SourceUnreachableError } from '../../src/errors.ts';
import type { Address } from '../../src/postgres/address.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** A login that does not last, as IAM tokens do not: the address holds one that has expired already. */
let source: Source;
let home: TestHome;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  home = await makeTestHome();
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

function dump(backupId: string, address: Address) {
  const { store, clock, config } = home.laptop;
  const signal = new AbortController().signal;
  const { dump: settings } = databaseConfig(config, 'shop');
  return takeDump({ verb: 'dump', database: 'shop', backupId }, { store, clock, address, programs: source.programs, config: settings, signal });
}

describe('a dump with a login that does not last', () => {
  it('asks for another one before each connection, its own and those of the programs', async () => {
    const current = source.address('shop');
    let asked = 0;
    const freshLogin = async () => {
      asked += 1;
      return { user: current.user, password: current.password ?? '' };
    };
    const manifest = await dump('20261120T020000Z-l', { ...current, user: 'nobody', password: 'expired', freshLogin });
    expect(manifest.tables.map(({ name }) => name)).toContain('customers');
    // The session of the snapshot, two that read, pg_dump, pg_dumpall, and the one that reads once more at the end.
    expect(asked).toBe(6);
  });

  it('does not begin with the one that has expired', async () => {
    await expect(dump('20261120T020001Z-l', { ...source.address('shop'), password: 'expired' })).rejects.toThrow(SourceUnreachableError);
  });
});
