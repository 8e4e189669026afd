import { createHash } from 'node:crypto';

/** The manifest of a snapshot on RDS; its files are not real, only its form is. */
export function snapshotManifest(id: string): { key: string; text: string; sha256: string } {
  const place = 'v1/shop/snapshots/20261120T010000Z-snap';
  const file = (name: string) => ({ key: `${place}/${name}`, bytes: 2, sha256: '0'.repeat(64) });
  const text = JSON.stringify({
    format: 1,
    kind: 'snapshot',
    database: 'shop',
    backupId: '20261120T010000Z-snap',
    beganAt: '2026-11-20T01:00:00.000Z',
    takenAt: '2026-11-20T01:00:01.000Z',
    endedAt: '2026-11-20T01:00:09.000Z',
    source: { database: 'shop', version: '17.4', major: 17, superuser: 'rdsadmin', settings: {} },
    tools: {},
    timings: {},
    snapshot: { id, bytes: 21_474_836_480 },
    factsBefore: file('facts-before.json'),
    factsAfter: file('facts-after.json'),
  });
  return { key: `${place}/manifest.json`, text, sha256: createHash('sha256').update(text).digest('hex') };
}
