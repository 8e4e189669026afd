import { randomUUID } from 'node:crypto';
import { PublishCommand, type MessageAttributeValue, type SNSClient } from '@aws-sdk/client-sns';
import { NotificationError } from '../../errors.ts';
import type { Notification, Notifier } from '../notifier.ts';
import { nameOf } from './service-errors.ts';

export interface SnsNotifierOptions {
  readonly client: SNSClient;
  /** Subscribed by people: e-mail gets the plain text. */
  readonly peopleTopicArn: string;
  /** Read by Amazon Q Developer in chat applications, which drops whatever is not in its own form. */
  readonly chatTopicArn?: string | undefined;
}

/** Publishes every notification to both topics; when one of them fails the other is told all the same. */
export class SnsNotifier implements Notifier {
  readonly #options: SnsNotifierOptions;

  constructor(options: SnsNotifierOptions) {
    this.#options = options;
  }

  async publish(message: Notification): Promise<void> {
    const { peopleTopicArn, chatTopicArn } = this.#options;
    const deliveries = [this.#send(peopleTopicArn, { Subject: subjectOf(message), Message: textOf(message) }, message)];
    if (chatTopicArn !== undefined) {
      deliveries.push(this.#send(chatTopicArn, { Message: JSON.stringify(chatMessage(message)) }, message));
    }
    const failed = (await Promise.allSettled(deliveries)).find((delivery) => delivery.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #send(topicArn: string, content: { Subject?: string; Message: string }, message: Notification): Promise<void> {
    const command = new PublishCommand({ TopicArn: topicArn, ...content, MessageAttributes: attributesOf(message) });
    try {
      await this.#options.client.send(command);
    } catch (error) {
      throw new NotificationError(`could not publish ${message.event} to ${topicArn}: ${nameOf(error)}`, {
        cause: error,
        hint: `aws sns get-topic-attributes --topic-arn ${topicArn}; the role needs sns:Publish on it`,
      });
    }
  }
}

/** The form of a custom notification; limits keep within what Slack shows of a block. */
export function chatMessage(message: Notification): object {
  const { subject, text, severity, database, event, facts } = message;
  const mark = { good: ':white_check_mark:', warning: ':warning:', bad: ':x:' }[severity];
  return {
    version: '1.0',
    source: 'custom',
    id: randomUUID(),
    content: {
      textType: 'client-markdown',
      title: cut(`${mark} ${escapeMarkdown(subject)}`, 250),
      description: cut(escapeMarkdown(text), 2900),
      keywords: [database, severity],
    },
    metadata: {
      threadId: `pgproof-${database}`,
      summary: cut(subject, 250),
      eventType: event,
      additionalContext: facts,
    },
  };
}

/** SNS takes at most 100 printable ASCII characters on one line. */
function subjectOf({ subject }: Notification): string {
  const plain = subject.normalize('NFKD').replaceAll(/\p{Mark}/gu, '').replaceAll(/[^\x20-\x7e]/g, '?');
  return cut(plain.trim(), 99, '...') || 'pgproof';
}

function textOf({ text, facts, database, event }: Notification): string {
  const lines = Object.entries({ database, event, ...facts }).map(([name, value]) => `${name}: ${value}`);
  return `${text}\n\n${lines.join('\n')}\n`;
}

/** Subscriptions can filter by them, say only bad news to the pager. */
function attributesOf(message: Notification): Record<string, MessageAttributeValue> {
  const { severity, event, database } = message;
  return Object.fromEntries(
    Object.entries({ severity, event, database }).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
}

/** The three characters with a meaning in chat: names out of a database must not mention a channel or forge a link. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string, length: number, end = '…'): string {
  return text.length <= length ? text : `${text.slice(0, length - end.length)}${end}`;
}
