import { CreateDBInstanceCommand, type RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect } from 'vitest';
import { RdsDatabaseService } from '../../src/cloud/aws/rds-database-service.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import type { RecoverySource } from '../../src/cloud/database-service.ts';
import { testDatabaseService, type DatabasesUnderTest } from '../databases/conformance.ts';
import { emulator, uniqueName } from './clients.ts';
import { clientOfRds, makeAccount, type RdsAccount } from './rds-account.ts';

interface Chosen {
  readonly snapshotId: string;
  readonly withLog: RecoverySource;
}

async function openRds(choose: (account: RdsAccount) => Chosen): Promise<DatabasesUnderTest> {
  const account = await makeAccount();
  const rds = clientOfRds();
  const { snapshotId, withLog } = choose(account);
  const stranger = await makeStranger(rds);
  const instances = { instanceClass: 'db.t4g.medium', storageGib: 20, subnetGroup: account.subnetGroup, securityGroupIds: ['sg-0123'] };
  return {
    service: new RdsDatabaseService({ rds, secrets: new SecretsManagerClient(emulator()), clock: systemClock, instances }),
    major: 17,
    snapshotId,
    sources: { withLog, withoutLog: { database: 'stranger', rds: stranger } },
    stranger,
    // The emulator has no servers: that the password is the one that RDS made is all that can be seen.
    logIn: async ({ host, port, user, password, sslMode }) => {
      expect({ port, sslMode }).toEqual({ port: 5432, sslMode: 'verify-full' });
      expect(host).toContain('pgproof-drill-conform');
      expect(user).not.toBe('');
      expect(password.length).toBeGreaterThan(7);
    },
    pause: async () => undefined,
    close: async () => rds.destroy(),
  };
}

/** Named like a throwaway instance by somebody who knows nothing of pgproof, and not backed up. */
async function makeStranger(rds: RDSClient): Promise<string> {
  const DBInstanceIdentifier = uniqueName('pgproof-drill');
  const shape = { DBInstanceIdentifier, Engine: 'postgres', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: 20 };
  await rds.send(new CreateDBInstanceCommand({ ...shape, BackupRetentionPeriod: 0, MasterUsername: 'me', MasterUserPassword: 'my-own-password' }));
  return DBInstanceIdentifier;
}

testDatabaseService('RDS', () => openRds(({ instance, snapshot }) => ({ snapshotId: snapshot, withLog: { database: 'shop', rds: instance } })));

testDatabaseService('Aurora', () => openRds(({ cluster, clusterSnapshot }) => ({ snapshotId: clusterSnapshot, withLog: { database: 'shop', aurora: cluster } })));
