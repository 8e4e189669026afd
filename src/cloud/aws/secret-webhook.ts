import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NotificationError } from '../../errors.ts';
import type { Webhook } from '../../watch/webhook.ts';
import { nameOf } from './service-errors.ts';

/** The address of a webhook out of a secret: the text itself, or the `url` of a JSON object as the console makes them. */
export class SecretWebhook implements Webhook {
  readonly #client: SecretsManagerClient;
  readonly #secretArn: string;
  #url: string | undefined;

  constructor(client: SecretsManagerClient, secretArn: string) {
    this.#client = client;
    this.#secretArn = secretArn;
  }

  async url(): Promise<string> {
    return (this.#url ??= await this.#read());
  }

  forget(): void {
    this.#url = undefined;
  }

  async #read(): Promise<string> {
    let text: string;
    try {
      text = (await this.#client.send(new GetSecretValueCommand({ SecretId: this.#secretArn }))).SecretString ?? '';
    } catch (cause) {
      throw new NotificationError(`secret ${this.#secretArn} cannot be read: ${nameOf(cause)}`, {
        cause,
        hint: `aws secretsmanager describe-secret --secret-id '${this.#secretArn}'; the role needs secretsmanager:GetSecretValue, and kms:Decrypt on a key of your own`,
      });
    }
    const url = addressIn(text.trim());
    if (url !== undefined) return url;
    // Nothing of what is in it is said: it may be another secret altogether.
    throw new NotificationError(`secret ${this.#secretArn} holds no https:// address of a webhook`, {
      hint: `aws secretsmanager put-secret-value --secret-id '${this.#secretArn}' --secret-string file://address.txt`,
    });
  }
}

function addressIn(text: string): string | undefined {
  if (isAddress(text)) return text;
  try {
    const { url } = JSON.parse(text) as { url?: unknown };
    return typeof url === 'string' && isAddress(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing is sent over a network in the clear; what does not leave the machine may be. */
function isAddress(text: string): boolean {
  return /^(https:\/\/|http:\/\/127\.0\.0\.1:)/.test(text) && URL.canParse(text);
}
