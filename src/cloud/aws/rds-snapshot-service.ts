import {
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DescribeAccountAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { ConfigurationError, SnapshotRefusedError } from '../../errors.ts';
import type { SnapshotService, SnapshotSource, TakeSnapshot } from '../snapshot-service.ts';
import { fromTags } from './rds-requests.ts';
import { nameOf, statusOf } from './service-errors.ts';

/** On every snapshot that pgproof takes; its roles may tag nothing without it. */
export const SNAPSHOT_TAG = 'pgproof:snapshot';

/** The policies of the role name the same prefix. */
const SNAPSHOT_ID = /^pgproof-(?!-)(?!.*--)[a-z0-9-]{1,247}(?<!-)$/;

/** Takes manual snapshots of instances of RDS and of clusters, Aurora's and RDS's own. */
export class RdsSnapshotService implements SnapshotService {
  readonly #rds: Pick<RDSClient, 'send'>;

  constructor(options: { readonly rds: Pick<RDSClient, 'send'> }) {
    this.#rds = options.rds;
  }

  async takeSnapshot(request: TakeSnapshot): Promise<void> {
    checkRequest(request);
    const { snapshotId, source } = request;
    try {
      await this.#create(request);
    } catch (error) {
      if (!/^DB(Cluster)?SnapshotAlreadyExists$/.test(nameOf(error))) throw refusal(request, error);
      const existing = await this.#find(request);
      const problem = existing ? objectionTo(existing, request) : 'is being deleted';
      if (problem === undefined) return;
      throw new SnapshotRefusedError(`snapshot ${snapshotId} of ${source.id} exists already and ${problem}`, {
        retriable: false,
        cause: error,
        hint: describeCommand(request),
      });
    }
  }

  async snapshotQuota(kind: SnapshotSource['kind']): Promise<{ readonly used: number; readonly limit: number }> {
    const name = kind === 'rds' ? 'ManualSnapshots' : 'ManualClusterSnapshots';
    const { AccountQuotas } = await this.#rds.send(new DescribeAccountAttributesCommand({})).catch((error: unknown) => {
      throw new SnapshotRefusedError(`RDS did not say how many snapshots there may be: ${nameOf(error)}`, {
        cause: error,
        hint: "aws rds describe-account-attributes; the function's role needs rds:DescribeAccountAttributes",
      });
    });
    const quota = AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === name);
    if (quota?.Used !== undefined && quota.Max !== undefined) return { used: quota.Used, limit: quota.Max };
    throw new SnapshotRefusedError(`RDS names no quota ${name}`, { retriable: false, hint: 'aws rds describe-account-attributes' });
  }

  async #create({ snapshotId, source, tags }: TakeSnapshot): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await (source.kind === 'rds'
      ? this.#rds.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: snapshotId, DBInstanceIdentifier: source.id, Tags }))
      : this.#rds.send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: snapshotId, DBClusterIdentifier: source.id, Tags })));
  }

  async #find(request: TakeSnapshot): Promise<Existing | undefined> {
    const { snapshotId, source } = request;
    try {
      if (source.kind === 'rds') {
        const { DBSnapshots } = await this.#rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: snapshotId }));
        return DBSnapshots?.map((found) => ({ of: found.DBInstanceIdentifier, status: found.Status, tags: fromTags(found.TagList) }))[0];
      }
      const { DBClusterSnapshots } = await this.#rds.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: snapshotId }));
      return DBClusterSnapshots?.map((found) => ({ of: found.DBClusterIdentifier, status: found.Status, tags: fromTags(found.TagList) }))[0];
    } catch (error) {
      if (/^DB(Cluster)?SnapshotNotFound$/.test(nameOf(error))) return undefined;
      throw refusal(request, error);
    }
  }
}

interface Existing {
  readonly of: string | undefined;
  readonly status: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

function objectionTo(existing: Existing, { source, tags }: TakeSnapshot): string | undefined {
  if (existing.of !== source.id) return `is a snapshot of ${existing.of}`;
  const foreign = Object.entries(tags).find(([name, value]) => existing.tags[name] !== value);
  if (foreign) return `is not ours: it has no tag ${foreign[0]}=${foreign[1]}`;
  return existing.status === 'failed' ? 'has failed: delete it and ask again' : undefined;
}

function checkRequest({ snapshotId, tags }: TakeSnapshot): void {
  const faults = [];
  if (!SNAPSHOT_ID.test(snapshotId)) faults.push(`snapshot id ${JSON.stringify(snapshotId)}: expected pgproof-…, at most 255 of a-z, 0-9 and single -`);
  if (tags[SNAPSHOT_TAG] !== 'true') faults.push(`snapshot ${snapshotId}: expected the tag ${SNAPSHOT_TAG}=true`);
  if (faults.length > 0) throw new ConfigurationError(faults);
}

/** Of a state that the source leaves by itself, or of the service: the same request may succeed later. */
const PASSING = /^(InvalidDB(Instance|Cluster)State|InvalidDBClusterSnapshotState|Throttling|RequestLimitExceeded|InternalFailure|ServiceUnavailable)$/;

function refusal(request: TakeSnapshot, error: unknown): SnapshotRefusedError {
  const { snapshotId, source } = request;
  const name = nameOf(error);
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return new SnapshotRefusedError(`RDS refused snapshot ${snapshotId} of ${source.id}: ${name}: ${message}`, {
    retriable: PASSING.test(name) || status === undefined || status >= 500,
    cause: error,
    hint: HINTS[name]?.(source) ?? describeCommand(request),
  });
}

const describeSource = ({ kind, id }: SnapshotSource): string =>
  kind === 'rds' ? `aws rds describe-db-instances --db-instance-identifier ${id}` : `aws rds describe-db-clusters --db-cluster-identifier ${id}`;

const HINTS: Readonly<Record<string, (source: SnapshotSource) => string>> = {
  SnapshotQuotaExceeded: () => 'delete old snapshots, or ask for more: aws service-quotas get-service-quota --service-code rds --quota-code L-272F1212',
  InvalidDBInstanceState: describeSource,
  InvalidDBClusterState: describeSource,
  DBInstanceNotFound: () => 'databases.<name>.source.rds in pgproof.yml names no instance of this Region: aws rds describe-db-instances',
  DBClusterNotFound: () => 'databases.<name>.source.aurora in pgproof.yml names no cluster of this Region: aws rds describe-db-clusters',
  KMSKeyNotAccessible: () => "RDS cannot use the source's key: aws kms describe-key",
  AccessDenied: () => "the function's role may take snapshots of the sources in pgproof.yml only: npm run deploy after a change of it",
};

function describeCommand({ snapshotId, source }: TakeSnapshot): string {
  return source.kind === 'rds'
    ? `aws rds describe-db-snapshots --db-snapshot-identifier ${snapshotId}`
    : `aws rds describe-db-cluster-snapshots --db-cluster-snapshot-identifier ${snapshotId}`;
}
