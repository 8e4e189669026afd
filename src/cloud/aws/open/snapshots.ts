import { RDSClient } from '@aws-sdk/client-rds';
import type { SnapshotService } from '../../snapshot-service.ts';
import type { Environment } from '../environment.ts';
import { RdsSnapshotService } from '../rds-snapshot-service.ts';
import { patient } from './patience.ts';

export function openSnapshots(settings: Environment): SnapshotService {
  return new RdsSnapshotService({ rds: new RDSClient(patient(settings)) });
}
