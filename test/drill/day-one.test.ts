import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dumpWith, forgeBackup, overrule } from '../helpers/forgery.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';

/**
 * What every backup tool should have been tested for on its first day, by the numbers of the list in docs/checks.md: here
 * those in which the archive is not what it should be, although every digest of it is right.
 */
const GOOD = { database: 'shop', backupId: '20261120T020000Z-d' };

let source: Source;
let target: Source;
let home: TestHome;

beforeAll(async () => {
  [source, target] = await Promise.all([startSource({ wal_level: 'logical' }), startSource()]);
  await source.createDatabase('shop', ...SMALL_SHOP, 'create extension hstore', 'create publication feed for table shop.customers');
  await source.createDatabase('crm', 'create table lead (id int, name text)', `insert into lead values (1, 'one')`);
  home = await makeTestHome({ config: 'databases: {shop: {dump: {compression: none}}}\n' });
  home.source('shop', source.url('shop'));
  expect(await home.backUp('shop', GOOD.backupId)).toBe('valid');
});
afterAll(async () => {
  await home.remove();
  await Promise.all([source.end(), target.end()]);
});

function drill(backup: string): Promise<Drilled> {
  const databases = standingInstance(target);
  return home.drill({ database: 'shop', backup }, { databases }, home.inProcess({ databases }));
}

/** Lays the archive into the store in place of the good one, lets it land, and drills it whatever validation said. */
async function drillForged(number: number, archive: Uint8Array): Promise<{ validation: string; drilled: Drilled }> {
  const place = { database: 'shop', backupId: `20261120T03${String(number).padStart(4, '0')}Z-d` };
  const validation = await forgeBackup(home, GOOD, place, archive);
  const refused = validation.status === 'invalid' ? await drill(place.backupId) : undefined;
  if (refused) {
    expect(refused.body.verdict).toBe('FAILED');
    expect(refused.body.reason).toMatch(new RegExp(`^Plan ended with BackupNotValidError: dump ${place.backupId} is invalid: `));
    await overrule(home, place);
  }
  return { validation: validation.status, drilled: await drill(place.backupId) };
}

function failedIds({ body }: Drilled): string[] {
  return body.findings.filter(({ status, required }) => status === 'failed' && required).map(({ id }) => id);
}

describe('an archive that is not that of its facts', () => {
  it('is PROVEN when nothing is wrong with it', async () => {
    const { validation, drilled } = await drillForged(0, await readFile(home.file('shop', GOOD.backupId, 'archive.dump')));
    expect([validation, drilled.body.verdict, drilled.body.assurance]).toEqual(['valid', 'PROVEN', 'L5']);
  });

  it('1: a plain dump cut at a line end is FAILED: it is no archive at all', async () => {
    const lines = dumpWith(source, 'shop', '--format=plain', '--create').toString().split('\n');
    const { validation, drilled } = await drillForged(1, Buffer.from(`${lines.slice(0, Math.floor(lines.length / 2)).join('\n')}\n`));
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['invalid', 'FAILED', 1]);
    expect(drilled.body.reason).toMatch(/input file appears to be a text format dump/);
  });

  it('2: an archive cut at 70 % is FAILED', async () => {
    const archive = await readFile(home.file('shop', GOOD.backupId, 'archive.dump'));
    const { validation, drilled } = await drillForged(2, archive.subarray(0, Math.floor(archive.length * 0.7)));
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['invalid', 'FAILED', 1]);
    expect(drilled.body.reason).toMatch(/could not read from input file: end of file/);
  });

  it('3: one value changed in an uncompressed archive is FAILED, although it decodes and no row is missing', async () => {
    const archive = await readFile(home.file('shop', GOOD.backupId, 'archive.dump'));
    const position = archive.indexOf('customer 77\t');
    expect(position).toBeGreaterThan(0);
    const changed = Buffer.from(archive);
    changed.write('customer 78\t', position);
    const { validation, drilled } = await drillForged(3, changed);
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['valid', 'FAILED', 1]);
    expect(failedIds(drilled)).toEqual(['content-hash']);
    expect(drilled.finding('content-hash')?.items).toEqual(['shop.customers: content differs, with the same number of rows']);
    expect(JSON.stringify(drilled.body)).not.toContain('customer 7');
  });

  it('4: grants and owners stripped are FAILED', async () => {
    const { validation, drilled } = await drillForged(4, dumpWith(source, 'shop', '-Fc', '--no-privileges', '--no-owner'));
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['valid', 'FAILED', 1]);
    expect(failedIds(drilled)).toEqual(expect.arrayContaining(['grants', 'privilege-matrix']));
  });

  it('5: one schema without large objects, publications and extensions is FAILED', async () => {
    const { validation, drilled } = await drillForged(5, dumpWith(source, 'shop', '-Fc', '--schema=shop'));
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['valid', 'FAILED', 1]);
    expect(failedIds(drilled)).toEqual(expect.arrayContaining(['large-objects', 'publications', 'extensions']));
  });

  it('7: lost settings of the database are FAILED', async () => {
    await source.sql('shop', 'alter database shop reset work_mem');
    const archive = dumpWith(source, 'shop', '-Fc');
    await source.sql('shop', `alter database shop set work_mem = '8MB'`);
    const { validation, drilled } = await drillForged(7, archive);
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['valid', 'FAILED', 1]);
    expect(failedIds(drilled)).toEqual(['roles']);
    expect(drilled.finding('roles')?.items?.join()).toMatch(/work_mem/i);
  });

  it('12: the archive of another database is FAILED', async () => {
    const { validation, drilled } = await drillForged(12, dumpWith(source, 'crm', '-Fc'));
    expect([validation, drilled.body.verdict, drilled.exitCode]).toEqual(['invalid', 'FAILED', 1]);
    expect(drilled.body.reason).toMatch(/the archive brought back no database shop: it is that of another$/);
  });

  it('12: the archive of another database under this one’s name is FAILED', async () => {
    await target.sql('postgres', 'drop database if exists shop with (force)');
    await target.createDatabase('shop', 'create table lead (id int, name text)', `insert into lead values (1, 'one')`);
    const { drilled } = await drillForged(13, dumpWith(target, 'shop', '-Fc'));
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['FAILED', 1]);
    expect(failedIds(drilled)).toEqual(expect.arrayContaining(['row-count', 'content-hash', 'relations']));
  });
});
