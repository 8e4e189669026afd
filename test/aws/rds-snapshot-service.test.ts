import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import {
  AddTagsToResourceCommand,
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RdsSnapshotService } from '../../src/cloud/aws/rds-snapshot-service.ts';
import type { SnapshotSource, TakeSnapshot } from '../../src/cloud/snapshot-service.ts';
import { SnapshotRefusedError } from '../../src/errors.ts';
import { emulator, uniqueName } from './clients.ts';

const TAGS = { 'pgproof:database': 'shop', 'pgproof:snapshot': 'true' };
const EXPECTED = [
  { Key: 'pgproof:database', Value: 'shop' },
  { Key: 'pgproof:snapshot', Value: 'true' },
];

describe.each(['rds', 'aurora'] as const)('snapshots of %s', (kind) => {
  const rds = new RDSClient(emulator());
  const service = new RdsSnapshotService({ rds });
  let source: SnapshotSource;
  let other: SnapshotSource;
  beforeAll(async () => {
    [source, other] = [await makeSource(), await makeSource()];
  });

  async function makeSource(): Promise<SnapshotSource> {
    const id = uniqueName('production');
    const login = { MasterUsername: 'owner', MasterUserPassword: 'production-password' };
    await (kind === 'rds'
      ? rds.send(new CreateDBInstanceCommand({ ...login, DBInstanceIdentifier: id, Engine: 'postgres', DBInstanceClass: 'db.m7g.large', AllocatedStorage: 20 }))
      : rds.send(new CreateDBClusterCommand({ ...login, DBClusterIdentifier: id, Engine: 'aurora-postgresql' })));
    return { kind, id };
  }

  const request = (change: Partial<TakeSnapshot> = {}): TakeSnapshot => ({ snapshotId: uniqueName('pgproof-shop'), source, tags: TAGS, ...change });

  /** As RDS knows it: what it was taken of, and its tags. */
  async function find(id: string) {
    if (kind === 'rds') {
      const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id }));
      return DBSnapshots.map((found) => ({ of: found.DBInstanceIdentifier, type: found.SnapshotType, tags: found.TagList }));
    }
    const { DBClusterSnapshots = [] } = await rds.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: id }));
    return DBClusterSnapshots.map((found) => ({ of: found.DBClusterIdentifier, type: found.SnapshotType, tags: found.TagList }));
  }

  test('are manual ones of the source, with our tags', async () => {
    const asked = request();
    await service.takeSnapshot(asked);
    expect(await find(asked.snapshotId)).toEqual([{ of: source.id, type: 'manual', tags: EXPECTED }]);
  });

  test('are taken once however often they are asked for', async () => {
    const asked = request();
    await service.takeSnapshot(asked);
    await service.takeSnapshot(asked);
    expect(await find(asked.snapshotId)).toHaveLength(1);
  });

  test('are refused under a name that has one of another source', async () => {
    const asked = request();
    await service.takeSnapshot({ ...asked, source: other });
    const taking = service.takeSnapshot(asked);
    await expect(taking).rejects.toBeInstanceOf(SnapshotRefusedError);
    await expect(taking).rejects.toMatchObject({ retriable: false, message: `snapshot ${asked.snapshotId} of ${source.id} exists already and is a snapshot of ${other.id}` });
  });

  test('are refused under a name that has one without our tags, until it has them', async () => {
    const asked = request();
    const { snapshotId } = asked;
    const made =
      kind === 'rds'
        ? (await rds.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: snapshotId, DBInstanceIdentifier: source.id }))).DBSnapshot?.DBSnapshotArn
        : (await rds.send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: snapshotId, DBClusterIdentifier: source.id }))).DBClusterSnapshot?.DBClusterSnapshotArn;
    await expect(service.takeSnapshot(asked)).rejects.toThrow('is not ours: it has no tag pgproof:database=shop');
    await rds.send(new AddTagsToResourceCommand({ ResourceName: made, Tags: EXPECTED }));
    await expect(service.takeSnapshot(asked)).resolves.toBeUndefined();
  });

  test('of a source that is not there are refused for good', async () => {
    const taking = service.takeSnapshot(request({ source: { kind, id: 'none-such' } }));
    await expect(taking).rejects.toMatchObject({ name: 'SnapshotRefusedError', retriable: false, hint: expect.stringContaining('pgproof.yml') as string });
  });
});

/** The emulator knows no quotas of an account, and refuses a snapshot only after a thousand: these are RDS's answers. */
describe('the quota of snapshots', () => {
  let server: Server;
  let answer: { readonly status: number; readonly xml: string };
  let service: RdsSnapshotService;
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.xml));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    service = new RdsSnapshotService({ rds: new RDSClient({ ...emulator(`http://127.0.0.1:${address.port}`), maxAttempts: 1 }) });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is read from the attributes of the account', async () => {
    const quota = (name: string, used: number, max: number) =>
      `<AccountQuota><AccountQuotaName>${name}</AccountQuotaName><Used>${used}</Used><Max>${max}</Max></AccountQuota>`;
    const quotas = quota('DBInstances', 4, 40) + quota('ManualSnapshots', 81, 100) + quota('ManualClusterSnapshots', 7, 50);
    const result = `<DescribeAccountAttributesResult><AccountQuotas>${quotas}</AccountQuotas></DescribeAccountAttributesResult>`;
    answer = { status: 200, xml: `<DescribeAccountAttributesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">${result}</DescribeAccountAttributesResponse>` };
    expect(await service.snapshotQuota('rds')).toEqual({ used: 81, limit: 100 });
    expect(await service.snapshotQuota('aurora')).toEqual({ used: 7, limit: 50 });
  });

  test.each([
    ['SnapshotQuotaExceeded', false, 'L-272F1212'],
    ['InvalidDBInstanceState', true, 'aws rds describe-db-instances --db-instance-identifier shop-production'],
  ])('and a refusal with %s are told apart by the names that are on the wire', async (code, retriable, hint) => {
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>for a reason</Message></Error>`;
    answer = { status: 400, xml: `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">${error}<RequestId>1</RequestId></ErrorResponse>` };
    const taking = service.takeSnapshot({ snapshotId: 'pgproof-shop-20261120t020000z', source: { kind: 'rds', id: 'shop-production' }, tags: TAGS });
    await expect(taking).rejects.toMatchObject({ name: 'SnapshotRefusedError', retriable, hint: expect.stringContaining(hint) as string });
  });
});
