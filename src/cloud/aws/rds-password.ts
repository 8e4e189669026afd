import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { InstanceFailedError } from '../../errors.ts';
import { nameOf } from './service-errors.ts';

const MasterUser = z.object({ username: z.string().min(1), password: z.string().min(1) });

/**
 * Reads the secret in which RDS keeps a master user.
 * @throws InstanceFailedError
 */
export async function readPassword(
  secrets: SecretsManagerClient,
  instanceId: string,
  secretArn: string,
): Promise<{ readonly user: string; readonly password: string }> {
  try {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    const { username, password } = MasterUser.parse(JSON.parse(SecretString ?? ''));
    return { user: username, password };
  } catch (error) {
    // Its text is not passed on: a parser's message may quote what it was given.
    throw new InstanceFailedError(instanceId, `the password of ${instanceId} cannot be read: ${nameOf(error)}`, {
      hint: `the worker's role needs secretsmanager:GetSecretValue: aws secretsmanager describe-secret --secret-id '${secretArn}'`,
    });
  }
}
