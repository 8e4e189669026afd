import { RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { DatabaseService } from '../../database-service.ts';
import { systemClock } from '../../system-clock.ts';
import type { Environment } from '../environment.ts';
import { RdsDatabaseService } from '../rds-database-service.ts';
import { patient } from './patience.ts';

export function openDatabases(settings: Environment): DatabaseService {
  return new RdsDatabaseService({
    rds: new RDSClient(patient(settings)),
    secrets: new SecretsManagerClient(patient(settings)),
    clock: systemClock,
    certificates: settings.PGPROOF_RDS_CERTIFICATES,
    instances: {
      instanceClass: settings.PGPROOF_INSTANCE_CLASS,
      storageGib: settings.PGPROOF_INSTANCE_STORAGE_GIB,
      subnetGroup: settings.PGPROOF_INSTANCE_SUBNET_GROUP,
      securityGroupIds: settings.PGPROOF_INSTANCE_SECURITY_GROUP_IDS,
      parameterGroup: settings.PGPROOF_INSTANCE_PARAMETER_GROUP,
    },
  });
}
