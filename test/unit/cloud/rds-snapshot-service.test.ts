import { describe, expect, test } from 'vitest';
import { RdsSnapshotService } from '../../../src/cloud/aws/rds-snapshot-service.ts';
import { ConfigurationError, SnapshotRefusedError } from '../../../src/errors.ts';

const REQUEST = {
  snapshotId: 'pgproof-shop-20261120t020000z',
  source: { kind: 'rds', id: 'shop-production' },
  tags: { 'pgproof:database': 'shop', 'pgproof:snapshot': 'true' },
} as const;

/** What RDS answers and the emulator does not: the account's quotas, and refusals for the state of a source. */
function answering(answer: (command: string) => unknown): RdsSnapshotService {
  return new RdsSnapshotService({ rds: { send: async (command: object) => answer(command.constructor.name) } as never });
}

function refusal(name: string, message: string, status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

describe('the quota of snapshots', () => {
  const quotas = [
    { AccountQuotaName: 'DBInstances', Used: 4, Max: 40 },
    { AccountQuotaName: 'ManualSnapshots', Used: 81, Max: 100 },
    { AccountQuotaName: 'ManualClusterSnapshots', Used: 0, Max: 50 },
  ];

  test('is that of the kind', async () => {
    const service = answering(() => ({ AccountQuotas: quotas }));
    expect(await service.snapshotQuota('rds')).toEqual({ used: 81, limit: 100 });
    expect(await service.snapshotQuota('aurora')).toEqual({ used: 0, limit: 50 });
  });

  test('that RDS does not name, or may not be asked for, is an error and not a zero', async () => {
    await expect(answering(() => ({ AccountQuotas: quotas.slice(0, 1) })).snapshotQuota('rds')).rejects.toThrow('RDS names no quota ManualSnapshots');
    const denied = answering(() => {
      throw refusal('AccessDenied', 'not authorized');
    });
    await expect(denied.snapshotQuota('rds')).rejects.toBeInstanceOf(SnapshotRefusedError);
  });
});

describe('a snapshot that RDS refuses', () => {
  test.each<[string, number, boolean, string]>([
    ['InvalidDBInstanceStateFault', 400, true, 'aws rds describe-db-instances --db-instance-identifier shop-production'],
    ['SnapshotQuotaExceededFault', 400, false, 'L-272F1212'],
    ['DBInstanceNotFoundFault', 404, false, 'source.rds in pgproof.yml'],
    ['AccessDenied', 403, false, 'npm run deploy'],
    ['KMSKeyNotAccessibleFault', 400, false, 'aws kms describe-key'],
    ['ThrottlingException', 400, true, 'aws rds describe-db-snapshots'],
    ['InternalFailure', 500, true, 'aws rds describe-db-snapshots'],
  ])('with %s %i may succeed later: %s', async (name, status, retriable, hint) => {
    const service = answering(() => {
      throw refusal(name, 'for a reason', status);
    });
    const taking = service.takeSnapshot(REQUEST);
    await expect(taking).rejects.toMatchObject({ name: 'SnapshotRefusedError', retriable, hint: expect.stringContaining(hint) as string });
    await expect(taking).rejects.toThrow(`RDS refused snapshot pgproof-shop-20261120t020000z of shop-production: ${name.replace(/(Fault|Exception)$/, '')}: for a reason`);
  });

  test('without an answer may succeed later', async () => {
    const service = answering(() => {
      throw new Error('connect ECONNREFUSED');
    });
    await expect(service.takeSnapshot(REQUEST)).rejects.toMatchObject({ name: 'SnapshotRefusedError', retriable: true });
  });

  test('because it exists counts as taken unless it has failed', async () => {
    const existing = (status: string) =>
      answering((command) => {
        if (command === 'CreateDBSnapshotCommand') throw refusal('DBSnapshotAlreadyExists', 'exists');
        const TagList = Object.entries(REQUEST.tags).map(([Key, Value]) => ({ Key, Value }));
        return { DBSnapshots: [{ DBInstanceIdentifier: 'shop-production', Status: status, TagList }] };
      });
    await expect(existing('creating').takeSnapshot(REQUEST)).resolves.toBeUndefined();
    await expect(existing('failed').takeSnapshot(REQUEST)).rejects.toMatchObject({ retriable: false, message: expect.stringContaining('has failed') as string });
  });
});

describe('a snapshot that is not asked for', () => {
  test.each([
    ['shop-20261120t020000z', REQUEST.tags, 'expected pgproof-…'],
    ['pgproof-a--b', REQUEST.tags, 'single -'],
    ['pgproof-shop-', REQUEST.tags, 'expected pgproof-…'],
    [REQUEST.snapshotId, { 'pgproof:database': 'shop' }, 'expected the tag pgproof:snapshot=true'],
  ])('%s with %o', async (snapshotId, tags, message) => {
    const service = answering(() => {
      throw new TypeError('RDS was asked');
    });
    const taking = service.takeSnapshot({ ...REQUEST, snapshotId, tags });
    await expect(taking).rejects.toBeInstanceOf(ConfigurationError);
    await expect(taking).rejects.toThrow(message);
  });
});
