import { describe, expect, test } from 'vitest';
import { databaseOfSnapshot, scheduledDumpId, scheduledSnapshotId, snapshotSource } from '../../../src/backup/scheduled.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { CONFIGURATION } from '../../helpers/backup-world.ts';

const AT = new Date('2026-11-20T02:00:00.000Z');
const CONFIG = parseConfig(CONFIGURATION, 'pgproof.yml');
const NAMES = parseConfig('databases: { shop: {}, shop-eu: {}, "a--b": {}, a-b: {}, "a-": {} }', 'pgproof.yml');
/** What RDS takes for the name of a snapshot. */
const RDS_NAME = /^[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)$/;

describe('what a schedule begins', () => {
  test('is named after its time', () => {
    expect(scheduledDumpId({ database: 'shop', at: AT })).toBe('20261120T020000Z-sched');
    expect(scheduledSnapshotId({ database: 'shop', at: AT })).toBe('pgproof-shop-20261120t020000z');
  });

  test('has a name that RDS takes and that no other database has', () => {
    const names = Object.keys(NAMES.databases).map((database) => scheduledSnapshotId({ database, at: AT }));
    expect(names).toEqual([
      'pgproof-shop-20261120t020000z',
      'pgproof-shop-eu-20261120t020000z',
      'pgproof-a-b-90827a2e-20261120t020000z',
      'pgproof-a-b-20261120t020000z',
      'pgproof-a-9baf4407-20261120t020000z',
    ]);
    for (const name of names) expect(name).toMatch(RDS_NAME);
    expect('pgproof-a--b-20261120t020000z').not.toMatch(RDS_NAME);
  });

  test('is known by its name, and nothing else is', () => {
    const database = (id: string) => databaseOfSnapshot(NAMES, id);
    for (const name of Object.keys(NAMES.databases)) expect(database(scheduledSnapshotId({ database: name, at: AT }))).toBe(name);
    for (const foreign of ['pgproof-shop', 'pgproof-shop-by-hand', 'pgproof-other-20261120t020000z', 'rds:shop-2026-11-20', 'shop-20261120t020000z']) {
      expect(database(foreign)).toBeUndefined();
    }
  });

  test('takes snapshots of RDS only', () => {
    expect(snapshotSource(CONFIG, 'shop')).toEqual({ kind: 'rds', id: 'shop-production' });
    expect(snapshotSource(CONFIG, 'ledger')).toEqual({ kind: 'aurora', id: 'ledger-cluster' });
    expect(() => snapshotSource(CONFIG, 'blog')).toThrow('databases.blog.source: expected rds or aurora');
    expect(() => snapshotSource(NAMES, 'shop')).toThrow(new ConfigurationError(['databases.shop.source: is missing: there is nothing to back up']));
  });
});
