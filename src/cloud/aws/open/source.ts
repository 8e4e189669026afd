import { RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Signer } from '@aws-sdk/rds-signer';
import { databaseConfig, type Config } from '../../../config/schema.ts';
import type { Address } from '../../../postgres/address.ts';
import type { Environment } from '../environment.ts';
import { sourceAddress } from '../source-address.ts';
import { patient } from './patience.ts';

/** Finds the source of a database; only the worker asks. */
export function openSource(settings: Environment, config: Config): (database: string) => Promise<Address> {
  const setting = {
    rds: new RDSClient(patient(settings)),
    secrets: new SecretsManagerClient(patient(settings)),
    signToken: (login: { hostname: string; port: number; username: string }) =>
      new Signer({ ...login, region: settings.AWS_REGION }).getAuthToken(),
    rdsCertificates: settings.PGPROOF_RDS_CERTIFICATES,
    publicCertificates: settings.PGPROOF_PUBLIC_CERTIFICATES,
  };
  return (database) => sourceAddress(database, databaseConfig(config, database).source, setting);
}
