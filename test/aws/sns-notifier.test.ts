import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SnsNotifier } from '../../src/cloud/aws/sns-notifier.ts';
import type { Notification } from '../../src/cloud/notifier.ts';
import { NotificationError } from '../../src/errors.ts';
import { emulator, uniqueName } from './clients.ts';

interface Delivery {
  readonly TopicArn: string;
  readonly Subject?: string;
  readonly Message: string;
}

const MESSAGE: Notification = {
  subject: 'Restore drill of shop: PROVEN (L5)',
  text: 'The dump of 2026-11-20 02:00 restores.\nEvery row is equal.',
  severity: 'good',
  database: 'shop',
  event: 'drill.proven',
  facts: { backup: '20261120T020000Z-d', rto: '14m' },
};

describe('the SNS notifier', () => {
  let client: SNSClient;
  let receiver: Server;
  let people: string;
  let chat: string;
  let deliveries: Delivery[];

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        deliveries.push(JSON.parse(Buffer.concat(chunks).toString()) as Delivery);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  beforeEach(async () => {
    deliveries = [];
    client = new SNSClient(emulator());
    [people, chat] = [await makeTopic('people'), await makeTopic('chat')];
    deliveries = []; // without the confirmations
  });

  async function makeTopic(name: string, filter?: object): Promise<string> {
    const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: uniqueName(name) }));
    const Attributes = filter ? { FilterPolicy: JSON.stringify(filter) } : {};
    const address = receiver.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const Endpoint = `http://127.0.0.1:${address.port}/`;
    await client.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint, Attributes }));
    return TopicArn;
  }
  const publish = (message: Notification, chatTopicArn: string | undefined = chat): Promise<void> =>
    new SnsNotifier({ client, peopleTopicArn: people, chatTopicArn }).publish(message);
  const deliveredTo = (topic: string): Delivery[] => deliveries.filter(({ TopicArn }) => TopicArn === topic);

  test('sends people plain text with a subject', async () => {
    await publish(MESSAGE);
    const [mail] = deliveredTo(people);
    expect(mail).toMatchObject({
      Subject: 'Restore drill of shop: PROVEN (L5)',
      Message:
        'The dump of 2026-11-20 02:00 restores.\nEvery row is equal.\n\n' +
        'database: shop\nevent: drill.proven\nbackup: 20261120T020000Z-d\nrto: 14m\n',
    });
  });

  test('sends chat exactly the form that Amazon Q Developer takes', async () => {
    await publish(MESSAGE);
    const sent = deliveredTo(chat);
    expect(sent).toHaveLength(1);
    expect(JSON.parse(sent[0]?.Message ?? '')).toEqual({
      version: '1.0',
      source: 'custom',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      content: {
        textType: 'client-markdown',
        title: ':white_check_mark: Restore drill of shop: PROVEN (L5)',
        description: 'The dump of 2026-11-20 02:00 restores.\nEvery row is equal.',
        keywords: ['shop', 'good'],
      },
      metadata: {
        threadId: 'pgproof-shop',
        summary: 'Restore drill of shop: PROVEN (L5)',
        eventType: 'drill.proven',
        additionalContext: { backup: '20261120T020000Z-d', rto: '14m' },
      },
    });
  });

  test('makes a subject that SNS takes out of any text, and lets no name mention a channel', async () => {
    await publish({ ...MESSAGE, severity: 'bad', subject: `Prüfung\nder Größe 🐘 ${'x'.repeat(200)}`, text: 'table <!channel> & "a"' });
    const subject = deliveredTo(people)[0]?.Subject ?? '';
    expect(subject).toMatch(/^Prufung\?der Gro\?e \?\?? x+\.\.\.$/);
    expect(subject.length).toBeLessThan(100);
    const { content } = JSON.parse(deliveredTo(chat)[0]?.Message ?? '') as { content: Record<string, string> };
    expect(content['description']).toBe('table &lt;!channel&gt; &amp; "a"');
    expect(content['title']?.length).toBeLessThanOrEqual(250);
  });

  test('says what subscriptions can filter by', async () => {
    people = await makeTopic('pager', { severity: ['bad'], database: ['shop'], event: [{ prefix: 'drill.' }] });
    await publish(MESSAGE);
    await publish({ ...MESSAGE, severity: 'bad', database: 'other' });
    await publish({ ...MESSAGE, severity: 'bad', event: 'drill.failed' });
    expect(deliveredTo(people).map(({ Message }) => Message)).toEqual([expect.stringContaining('event: drill.failed')]);
    expect(deliveredTo(chat)).toHaveLength(3);
  });

  test('needs no chat topic', async () => {
    await new SnsNotifier({ client, peopleTopicArn: people }).publish(MESSAGE);
    expect(deliveries.map(({ TopicArn }) => TopicArn)).toEqual([people]);
  });

  test('fails when one topic cannot be told, after telling the other', async () => {
    const missing = `${chat}-gone`;
    const publishing = publish(MESSAGE, missing);
    await expect(publishing).rejects.toBeInstanceOf(NotificationError);
    await expect(publishing).rejects.toThrow(`could not publish drill.proven to ${missing}: NotFound`);
    expect(deliveredTo(people)).toHaveLength(1);
  });
});
