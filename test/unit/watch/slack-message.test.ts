import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { chatMessage } from '../../../src/cloud/aws/sns-notifier.ts';
import type { Notification } from '../../../src/cloud/notifier.ts';
import { slackMessage } from '../../../src/watch/slack-message.ts';

/** What Amazon Q Developer in chat applications takes of a custom notification; anything else it drops without a word. */
const CustomNotification = z.strictObject({
  version: z.literal('1.0'),
  source: z.literal('custom'),
  id: z.string().min(1).max(256),
  content: z.strictObject({
    textType: z.literal('client-markdown'),
    title: z.string().min(1).max(250).optional(),
    description: z.string().min(1).max(8000),
    nextSteps: z.array(z.string()).optional(),
    keywords: z.array(z.string().min(1)).optional(),
  }),
  metadata: z
    .strictObject({
      threadId: z.string().min(1).optional(),
      summary: z.string().optional(),
      eventType: z.string().optional(),
      relatedResources: z.array(z.string()).optional(),
      additionalContext: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});

/** What Slack takes, with its limits. */
const text = (max: number) => z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(max) });
const SlackPayload = z.strictObject({
  text: z.string().min(1).max(40_000),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('section'), text: text(3000) }),
        z.strictObject({ type: z.literal('context'), elements: z.array(text(2000)).min(1).max(10) }),
      ]),
    )
    .min(1)
    .max(50),
});

const DRILL: Notification = {
  subject: 'FAILED – dump of shop',
  text: 'table <orders> & its rows: 7 instead of 8',
  severity: 'bad',
  database: 'shop',
  event: 'drill.failed',
  facts: { drill: 'drill-1', backup: '20261120T020000Z-d', 'a<b': 'x & <!channel>' },
};
const chat = (message: Notification) => JSON.stringify(chatMessage(message));

/** As CloudWatch sends it, shortened by what nobody reads. */
const ALARM = {
  AlarmName: 'pgproof-prod-shop-dump-age',
  AlarmDescription: 'The newest valid dump of shop is too old.',
  AWSAccountId: '123456789012',
  AlarmConfigurationUpdatedTimestamp: '2026-11-20T00:00:00.000+0000',
  NewStateValue: 'ALARM',
  NewStateReason: 'Threshold Crossed: 1 datapoint [99999.0] was > the threshold (93600.0).',
  StateChangeTime: '2026-11-20T12:00:00.000+0000',
  Region: 'EU (Frankfurt)',
  OldStateValue: 'OK',
  Trigger: { MetricName: 'BackupAgeSeconds', Namespace: 'pgproof' },
};

describe('the chat message', () => {
  test('has exactly the form of a custom notification', () => {
    expect(CustomNotification.safeParse(chatMessage(DRILL)).error).toBeUndefined();
    expect(CustomNotification.safeParse(chatMessage({ ...DRILL, subject: 's'.repeat(999), text: '&'.repeat(9000) })).error).toBeUndefined();
  });

  test('would not have it with one key more, one less, or another kind of text', () => {
    const message = chatMessage(DRILL) as { content: object };
    expect(CustomNotification.safeParse({ ...message, severity: 'bad' }).success).toBe(false);
    expect(CustomNotification.safeParse({ ...message, source: undefined }).success).toBe(false);
    expect(CustomNotification.safeParse({ ...message, content: { ...message.content, textType: 'plain' } }).success).toBe(false);
    expect(CustomNotification.safeParse({ ...message, content: { ...message.content, colour: 'red' } }).success).toBe(false);
  });
});

describe('a message of the chat topic in Slack', () => {
  test('shows a notification: title, text and facts, nothing of which can mention a channel', () => {
    expect(slackMessage(chat(DRILL))).toEqual({
      text: ':x: FAILED – dump of shop',
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: '*:x: FAILED – dump of shop*\ntable &lt;orders&gt; &amp; its rows: 7 instead of 8' } },
        {
          type: 'context',
          elements: [{ type: 'mrkdwn', text: 'drill: drill-1 · backup: 20261120T020000Z-d · a&lt;b: x &amp; &lt;!channel&gt;' }],
        },
      ],
    });
  });

  test('leaves out the line of facts when there are none', () => {
    expect(slackMessage(chat({ ...DRILL, facts: {} })).blocks.map(({ type }) => type)).toEqual(['section']);
  });

  test('shows an alarm of CloudWatch', () => {
    expect(slackMessage(JSON.stringify(ALARM), 'ALARM: "pgproof-prod-shop-dump-age" in EU (Frankfurt)')).toEqual({
      text: ':rotating_light: ALARM: pgproof-prod-shop-dump-age',
      blocks: [
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text:
              '*:rotating_light: ALARM: pgproof-prod-shop-dump-age*\nThe newest valid dump of shop is too old.\n' +
              'Threshold Crossed: 1 datapoint [99999.0] was &gt; the threshold (93600.0).',
          },
        },
        { type: 'context', elements: [{ type: 'mrkdwn', text: 'was: OK · at: 2026-11-20T12:00:00.000+0000 · region: EU (Frankfurt)' }] },
      ],
    });
  });

  test.each([
    ['OK', ':white_check_mark: OK: a'],
    ['INSUFFICIENT_DATA', ':grey_question: INSUFFICIENT_DATA: a'],
  ])('marks an alarm that is %s', (state, title) => {
    expect(slackMessage(JSON.stringify({ AlarmName: 'a', NewStateValue: state, AlarmDescription: null })).text).toBe(title);
  });

  test.each([
    ['plain words', 'hello <@U1>', '*pgproof*\nhello &lt;@U1&gt;'],
    ['other JSON', '{"a":1}', '*pgproof*\n{"a":1}'],
    ['half of JSON', '{"source":"custom"', '*pgproof*\n{"source":"custom"'],
  ])('shows %s as they are rather than dropping them', (_name, message, shown) => {
    expect(slackMessage(message).blocks).toEqual([{ type: 'section', text: { type: 'mrkdwn', text: shown } }]);
  });

  test('is never longer than Slack takes', () => {
    const long = { ...DRILL, text: '<'.repeat(9000), facts: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`fact ${index}`, 'x'.repeat(90)])) };
    for (const message of [chat(long), JSON.stringify({ ...ALARM, NewStateReason: '&'.repeat(9000) }), 'x'.repeat(99_999)]) {
      expect(SlackPayload.safeParse(slackMessage(message)).error).toBeUndefined();
    }
    expect(SlackPayload.safeParse({ ...slackMessage('x'), channel: '#general' }).success).toBe(false);
    expect(SlackPayload.safeParse({ text: 'x', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }] }).success).toBe(false);
  });
});
