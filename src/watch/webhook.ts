import type { Clock } from '../cloud/clock.ts';
import { NotificationError } from '../errors.ts';
import type { SlackMessage } from './slack-message.ts';

export interface WebhookSetting {
  readonly clock: Clock;
  readonly webhook: Webhook;
  /** How long one answer may take. */
  readonly answerMilliseconds?: number;
}

/** Where to post. The address is the credential: whoever has it can post. So it is in no message, log or error. */
export interface Webhook {
  /** @throws NotificationError when it cannot be read or is no address */
  url(): Promise<string>;
  /** The address was refused: it is read anew the next time, because it may have been replaced. */
  forget(): void;
}

const ANSWER_MILLISECONDS = 3000;
const ATTEMPTS = 4;
/** All attempts and waits together; after that the function fails and Lambda itself tries again, minutes later. */
const PATIENCE_MILLISECONDS = 20_000;

/**
 * Posts one message. Asks again after answers that say "later" (429 and 5xx) or none at all, and waits for as long as
 * Retry-After says where that is within the time there is.
 * @throws NotificationError when it was not taken
 */
export async function postMessage(
  message: SlackMessage,
  { clock, webhook, answerMilliseconds = ANSWER_MILLISECONDS }: WebhookSetting,
): Promise<{ attempts: number }> {
  const url = await webhook.url();
  const end = clock.now().getTime() + PATIENCE_MILLISECONDS;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(url, message, answerMilliseconds);
    if (answer.taken) return { attempts: attempt };
    if (!answer.later) {
      webhook.forget();
      throw refusal(answer.reason);
    }
    const wait = answer.waitMilliseconds ?? 1000 * 2 ** (attempt - 1);
    if (attempt === ATTEMPTS || clock.now().getTime() + wait > end) {
      throw refusal(`${answer.reason}, after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`);
    }
    await clock.sleep(wait);
  }
}

interface Answer {
  readonly taken: boolean;
  readonly later: boolean;
  readonly reason: string;
  readonly waitMilliseconds?: number;
}

async function post(url: string, message: SlackMessage, answerMilliseconds: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      // A redirect would carry the message to an address that nobody configured.
      redirect: 'error',
      signal: AbortSignal.timeout(answerMilliseconds),
    });
    const body = (await response.text()).trim();
    const wait = retryAfter(response.headers.get('retry-after'));
    return {
      taken: response.ok,
      later: response.status === 429 || response.status >= 500,
      reason: `${response.status} ${/^[a-z_]{1,40}$/.test(body) ? body : response.statusText}`.trim(),
      ...(wait === undefined ? {} : { waitMilliseconds: wait }),
    };
  } catch (error) {
    return { taken: false, later: true, reason: reasonOf(error, answerMilliseconds) };
  }
}

/** Seconds, as Slack sends them. A date is left to the usual waits. */
function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** Only what names the kind of trouble: messages of fetch may quote the address. */
function reasonOf(error: unknown, answerMilliseconds: number): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `no answer within ${answerMilliseconds / 1000} seconds`;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `no answer: ${code}` : `no answer: ${error.name}`;
}

function refusal(reason: string): NotificationError {
  return new NotificationError(`the chat webhook did not take the message: ${reason}`, {
    hint: 'aws.webhookSecret in pgproof.yml names the secret with its address: aws secretsmanager describe-secret --secret-id <that ARN>',
  });
}
