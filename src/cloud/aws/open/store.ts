import { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../object-store.ts';
import { systemClock } from '../../system-clock.ts';
import type { Environment } from '../environment.ts';
import { S3Store } from '../s3-store.ts';
import { patient } from './patience.ts';

/** Without these a connection that died silently would hold a dump until the task's own end. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 10_000, socketTimeout: 120_000 };

export function openStore(settings: Environment): ObjectStore {
  const client = new S3Client({ ...patient(settings), requestHandler: TIMEOUTS });
  return new S3Store({ client, bucket: settings.PGPROOF_BUCKET, clock: systemClock });
}
