import { ObjectExistsError, ObjectNotFoundError, PgproofError, StoreReadError, StoreWriteError } from '../../errors.ts';
import { nameOf, statusOf } from './service-errors.ts';

/** A name in the bucket, for messages and hints. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

/** What a failed write means. Our own errors pass through. */
export function putError({ bucket, key }: ObjectName, error: unknown): Error {
  if (error instanceof PgproofError) return error;
  const name = nameOf(error);
  if (name === 'PreconditionFailed') return new ObjectExistsError(key, { cause: error });
  const [problem, hint] = PROBLEMS[name] ?? [`${name}: ${messageOf(error)}`, 'look at the bucket: aws s3api head-bucket --bucket BUCKET'];
  return new StoreWriteError(key, `cannot write ${key}: ${fill(problem, bucket, key)}`, { cause: error, hint: fill(hint, bucket, key) });
}

export function getError({ bucket, key }: ObjectName, error: unknown): Error {
  if (error instanceof PgproofError) return error;
  if (isNotFound(error)) {
    return new ObjectNotFoundError(key, { cause: error, hint: `aws s3api list-object-versions --bucket ${bucket} --prefix '${key}'` });
  }
  const name = nameOf(error);
  const [problem, hint] = PROBLEMS[statusOf(error) === 403 ? 'AccessDenied' : name] ?? [`${name}: ${messageOf(error)}`];
  return new StoreReadError(key, `cannot read ${key}: ${fill(problem, bucket, key)}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint: fill(hint, bucket, key) }),
  });
}

/** HeadObject has no body and so no code: only the status speaks. A missing bucket is not a missing object. */
export function isNotFound(error: unknown): boolean {
  const name = nameOf(error);
  return name === 'NoSuchKey' || name === 'NoSuchVersion' || name === 'NotFound';
}

const PROBLEMS: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  AccessDenied: [
    'access denied',
    'the role needs s3:PutObject, s3:GetObject and s3:ListBucket on it, and its KMS key: aws s3api get-bucket-policy --bucket BUCKET',
  ],
  NoSuchBucket: ['there is no bucket BUCKET', 'aws s3api head-bucket --bucket BUCKET'],
  BadDigest: ['it arrived damaged, the checksum differs', 'run it again; when it happens again, test the memory of the machine'],
  ConditionalRequestConflict: ['another writer wrote it at the same moment', 'run it again'],
  QuotaExceeded: ['the quota is used up', 'aws service-quotas list-service-quotas --service-code s3'],
};

function fill(hint: string, bucket: string, key: string): string {
  return hint.replaceAll('BUCKET', bucket).replaceAll('KEY', key);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
