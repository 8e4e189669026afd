import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigurationError } from '../../../errors.ts';
import type { Webhook } from '../../../watch/webhook.ts';
import type { Environment } from '../environment.ts';
import { SecretWebhook } from '../secret-webhook.ts';
import { patient } from './patience.ts';

/** @throws ConfigurationError when the deployment has no webhook */
export function openWebhook(settings: Environment): Webhook {
  const arn = settings.PGPROOF_WEBHOOK_SECRET_ARN;
  if (arn !== undefined) return new SecretWebhook(new SecretsManagerClient(patient(settings)), arn);
  throw new ConfigurationError(['environment variable PGPROOF_WEBHOOK_SECRET_ARN: is not set'], {
    hint: 'set aws.webhookSecret in pgproof.yml and deploy again',
  });
}
