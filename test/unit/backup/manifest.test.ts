import { describe, expect, it } from 'vitest';
import { backupKey, clientMajor, compactTime, makeBackupId, parseManifest, placeOfKey, type DumpManifest } from '../../../src/backup/manifest.ts';
import { ConfigurationError, ObjectDamagedError } from '../../../src/errors.ts';

const SHA = '72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0';
const PLACE = 'v1/shop/dumps/20261120T020000Z-a1';
const KEY = `${PLACE}/manifest.json`;

function makeManifest(change: (manifest: DumpManifest) => void = () => undefined): string {
  const file = (name: string, bytes: number) => ({ key: `${PLACE}/${name}`, bytes, sha256: SHA });
  const manifest: DumpManifest = {
    format: 1,
    kind: 'dump',
    database: 'shop',
    backupId: '20261120T020000Z-a1',
    beganAt: '2026-11-20T02:00:00.000Z',
    takenAt: '2026-11-20T02:00:01.000Z',
    endedAt: '2026-11-20T02:00:02.000Z',
    source: { database: 'shop', version: '15.18', major: 15, superuser: 'postgres', settings: {} },
    tools: { pg_dump: '15.18' },
    timings: { archive: 900 },
    archive: {
      ...file('archive.dump', 10),
      format: 'custom',
      compression: 'gzip',
      partBytes: 4,
      parts: [4, 4, 2].map((bytes) => ({ bytes, sha256: SHA })),
    },
    globals: file('globals.sql', 5),
    facts: file('facts.json', 6),
    tables: [{ schema: 'shop', name: 'orders', rows: '7' }],
  };
  change(manifest);
  return JSON.stringify(manifest);
}

describe('a manifest', () => {
  it('is read where it belongs', () => {
    expect(parseManifest(KEY, makeManifest())).toMatchObject({ kind: 'dump', backupId: '20261120T020000Z-a1' });
  });

  it.each<[string, string, (manifest: DumpManifest) => void, RegExp]>([
    ['another database’s', KEY, (manifest) => (manifest.database = 'crm'), /belongs to dump 20261120T020000Z-a1 of crm: swapped/],
    ['another backup’s', KEY, (manifest) => (manifest.backupId = 'x'), /belongs to dump x of shop: swapped/],
    ['lying elsewhere', 'v1/shop/snapshots/20261120T020000Z-a1/manifest.json', () => undefined, /belongs to dump/],
    ['one that names another backup’s archive', KEY, (manifest) => (manifest.archive.key = 'v1/shop/dumps/x/archive.dump'), /names v1\/shop\/dumps\/x\/archive\.dump for its archive\.dump/],
    ['one that names another backup’s facts', KEY, (manifest) => (manifest.facts.key = 'v1/crm/dumps/x/facts.json'), /for its facts\.json: that is not beside it/],
    ['one that names its facts for its globals', KEY, (manifest) => (manifest.globals.key = manifest.facts.key), /for its globals\.sql/],
    ['one whose parts are too few', KEY, (manifest) => manifest.archive.parts.pop(), /parts of its archive do not make up 10 bytes/],
    ['one whose parts are not full', KEY, (manifest) => manifest.archive.parts.reverse(), /parts of its archive do not make up 10 bytes/],
    ['one without parts', KEY, (manifest) => (manifest.archive.parts = []), /is not a manifest: archive\.parts/],
    ['one of a format to come', KEY, (manifest) => Object.assign(manifest, { format: 2 }), /is not a manifest: format/],
    ['one of a plain dump', KEY, (manifest) => Object.assign(manifest.archive, { format: 'plain' }), /is not a manifest: archive\.format/],
    ['one with a field nobody knows', KEY, (manifest) => Object.assign(manifest, { more: 1 }), /is not a manifest/],
    ['one with a digest that is none', KEY, (manifest) => (manifest.facts.sha256 = 'x'), /is not a manifest: facts\.sha256/],
    ['one without a moment', KEY, (manifest) => (manifest.takenAt = 'yesterday'), /is not a manifest: takenAt/],
  ])('is refused when it is %s', (_, key, change, reason) => {
    const read = () => parseManifest(key, makeManifest(change));
    expect(read).toThrow(ObjectDamagedError);
    expect(read).toThrow(reason);
    expect(read).toThrow(key);
  });

  it.each([
    [15, '15.18', 15],
    [15, '17.2 (Debian)', 17],
    [13, '18beta1', 18],
    [16, undefined, 16],
  ])('of a server %i whose pg_dump was %s is read by programs of major %i', (major, written, expected) => {
    const manifest = parseManifest(KEY, makeManifest());
    const tools: Record<string, string> = written === undefined ? {} : { pg_dump: written };
    expect(clientMajor({ ...manifest, source: { ...manifest.source, major }, tools })).toBe(expected);
  });

  it.each(['', '{', makeManifest().slice(0, 400)])('is refused when it is cut to %j', (text) => {
    expect(() => parseManifest(KEY, text)).toThrow(`${KEY}: is not JSON: truncated or overwritten`);
  });
});

describe('the keys of backups', () => {
  it('lead to their places and back', () => {
    expect(backupKey({ kind: 'snapshot', database: 'shop', backupId: 's1' }, 'manifest.json')).toBe('v1/shop/snapshots/s1/manifest.json');
    expect(placeOfKey(KEY)).toEqual({ kind: 'dump', database: 'shop', backupId: '20261120T020000Z-a1', file: 'manifest.json' });
    expect(placeOfKey('v1/shop/drills/d/evidence.json')).toBeUndefined();
    expect(placeOfKey('v2/shop/dumps/x/manifest.json')).toBeUndefined();
  });

  it('begin with the scheduled time in UTC, so that a retried schedule meets its own name', () => {
    const at = new Date('2026-11-20T03:00:00.999+01:00');
    expect(compactTime(at)).toBe('20261120T020000Z');
    expect(makeBackupId(at, 'a1b2')).toBe('20261120T020000Z-a1b2');
    expect(() => makeBackupId(at, 'A/../B')).toThrow(ConfigurationError);
  });
});
