import { KMSClient } from '@aws-sdk/client-kms';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { loadConfig } from '../../config/config.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../../postgres/programs.ts';
import type { Cloud } from '../cloud.ts';
import { systemClock } from '../system-clock.ts';
import { readEnvironment } from './environment.ts';
import { KmsSigner } from './kms-signer.ts';
import { RdsDatabaseService } from './rds-database-service.ts';
import { S3Store } from './s3-store.ts';
import { SnsNotifier } from './sns-notifier.ts';

/**
 * The cloud of a deployed function or worker, from its environment variables. Asks AWS nothing yet.
 * @throws ConfigurationError with every faulty variable, or with every fault of pgproof.yml
 */
export function openCloud(env: Readonly<Record<string, string | undefined>>): Cloud {
  const settings = readEnvironment(env);
  // Throttling of RDS lasts longer than the SDK's three attempts, and a drill must not end by it.
  const patient = { region: settings.AWS_REGION, maxAttempts: 8 };
  let programs: Promise<PostgresPrograms[]> | undefined;
  return {
    store: new S3Store({ client: new S3Client({ ...patient, requestHandler: TIMEOUTS }), bucket: settings.PGPROOF_BUCKET, clock: systemClock }),
    databases: new RdsDatabaseService({
      rds: new RDSClient(patient),
      secrets: new SecretsManagerClient(patient),
      clock: systemClock,
      certificates: settings.PGPROOF_RDS_CERTIFICATES,
      instances: {
        instanceClass: settings.PGPROOF_INSTANCE_CLASS,
        storageGib: settings.PGPROOF_INSTANCE_STORAGE_GIB,
        subnetGroup: settings.PGPROOF_INSTANCE_SUBNET_GROUP,
        securityGroupIds: settings.PGPROOF_INSTANCE_SECURITY_GROUP_IDS,
        parameterGroup: settings.PGPROOF_INSTANCE_PARAMETER_GROUP,
      },
    }),
    notifier: new SnsNotifier({
      client: new SNSClient(patient),
      peopleTopicArn: settings.PGPROOF_PEOPLE_TOPIC_ARN,
      chatTopicArn: settings.PGPROOF_CHAT_TOPIC_ARN,
    }),
    signer: new KmsSigner({ client: new KMSClient(patient), keyArn: settings.PGPROOF_SIGNING_KEY_ARN }),
    clock: systemClock,
    config: loadConfig(settings.PGPROOF_CONFIG),
    programsFor: async (major) => choosePrograms(await (programs ??= findPrograms({ env })), { serverMajor: major }),
  };
}

/** Without these a connection that died silently would hold a dump until the task's own end. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 10_000, socketTimeout: 120_000 };
