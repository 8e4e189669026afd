import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { handler, post } from '../../../functions/webhook/handler.ts';
import { NotificationError } from '../../../src/errors.ts';

const SECRET_PATH = '/services/T0/B0/very-secret';
const event = (Message: string) => ({
  Records: [
    {
      EventSource: 'aws:sns',
      EventVersion: '1.0',
      EventSubscriptionArn: 'arn:aws:sns:eu-central-1:123456789012:chat:1',
      Sns: { Type: 'Notification', MessageId: 'message-1', TopicArn: 'arn:aws:sns:eu-central-1:123456789012:chat', Subject: null, Message, Timestamp: '2026-11-20T12:00:00.000Z' },
    },
  ],
});

describe('the webhook', () => {
  let server: Server;
  let received: { body: unknown; type: string | undefined; path: string | undefined }[];
  let answers: ((response: ServerResponse) => void)[];
  let waits: number[];
  let now: number;
  let forgotten: number;

  beforeEach(async () => {
    [received, answers, waits, now, forgotten] = [[], [], [], 0, 0];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ body: JSON.parse(Buffer.concat(chunks).toString()), type: request.headers['content-type'], path: request.url });
        const answer = answers.shift() ?? ((ours: ServerResponse) => ours.end('ok'));
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const address = () => {
    const at = server.address();
    if (at === null || typeof at === 'string') throw new Error('no port');
    return `http://127.0.0.1:${at.port}${SECRET_PATH}`;
  };
  const setting = (url = address()) => ({
    clock: {
      now: () => new Date(now),
      sleep: async (milliseconds: number) => {
        waits.push(milliseconds);
        now += milliseconds;
      },
    },
    webhook: { url: async () => url, forget: () => void (forgotten += 1) },
  });
  const status = (code: number, body = '', headers: Record<string, string> = {}) => (response: ServerResponse) => {
    response.writeHead(code, headers);
    response.end(body);
  };

  test('gets exactly the message, as JSON', async () => {
    expect(await post(event('hello'), setting())).toEqual({ attempts: 1 });
    expect(received).toEqual([
      {
        path: SECRET_PATH,
        type: 'application/json; charset=utf-8',
        body: { text: 'pgproof', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*pgproof*\nhello' } }] },
      },
    ]);
  });

  test('is asked again when it is busy or broken, later each time', async () => {
    answers = [status(500), status(503), status(502)];
    expect(await post(event('hello'), setting())).toEqual({ attempts: 4 });
    expect(waits).toEqual([1000, 2000, 4000]);
    expect(received).toHaveLength(4);
  });

  test('is asked again when it said to ask again', async () => {
    answers = [status(429, 'rate_limited', { 'retry-after': '7' })];
    expect(await post(event('hello'), setting())).toEqual({ attempts: 2 });
    expect(waits).toEqual([7000]);
  });

  test('is left alone when it wants more time than there is: the function fails and Lambda comes back', async () => {
    answers = [status(429, 'rate_limited', { 'retry-after': '21' })];
    const posting = post(event('hello'), setting());
    await expect(posting).rejects.toBeInstanceOf(NotificationError);
    await expect(posting).rejects.toThrow('the chat webhook did not take the message: 429 rate_limited, after 1 attempt');
    expect(waits).toEqual([]);
  });

  test('is given up after four attempts', async () => {
    answers = Array.from({ length: 9 }, () => status(500));
    await expect(post(event('hello'), setting())).rejects.toThrow('500 Internal Server Error, after 4 attempts');
    expect(received).toHaveLength(4);
    expect(forgotten).toBe(0);
  });

  test.each([[404, 'no_service'], [403, 'action_prohibited'], [410, 'channel_is_archived'], [400, 'invalid_payload']])(
    'is not asked twice after %i, and its address is read anew next time',
    async (code, body) => {
      answers = [status(code, body)];
      await expect(post(event('hello'), setting())).rejects.toThrow(`did not take the message: ${code} ${body}`);
      expect(received).toHaveLength(1);
      expect(forgotten).toBe(1);
    },
  );

  test('does not send the message where a redirect points', async () => {
    answers = Array.from({ length: 4 }, () => status(302, '', { location: '/elsewhere' }));
    await expect(post(event('hello'), setting())).rejects.toBeInstanceOf(NotificationError);
    expect(received.every(({ path }) => path === SECRET_PATH)).toBe(true);
  });

  test('that takes the message and never answers makes the function fail', async () => {
    answers = Array.from({ length: 4 }, () => () => undefined);
    const posting = post(event('hello'), { ...setting(), answerMilliseconds: 50 });
    await expect(posting).rejects.toThrow('no answer within 0.05 seconds, after 4 attempts');
    expect(received).toHaveLength(4);
  });

  test('that is not there makes the function fail without its address in any word', async () => {
    const url = address();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const error: unknown = await post(event('hello'), setting(url)).catch((reason: unknown) => reason);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(error).toMatchObject({ message: 'the chat webhook did not take the message: no answer: ECONNREFUSED, after 4 attempts', retriable: true });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('very-secret');
  });

  test('shows nothing of its address when that is none', async () => {
    const error: unknown = await post(event('hello'), setting(`nonsense${SECRET_PATH}`)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotificationError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('very-secret');
  });

  test('answers that quote the address are not repeated', async () => {
    answers = [status(404, `no such hook: ${SECRET_PATH}`)];
    await expect(post(event('hello'), setting())).rejects.toThrow(/did not take the message: 404 Not Found$/);
  });

  test('gets nothing of an event that is not a message', async () => {
    await expect(post({ Records: [] }, setting())).rejects.toThrow();
    await expect(post({}, setting())).rejects.toThrow();
    expect(received).toEqual([]);
  });

  test('is not there in a deployment without one: the function says which variable is missing', async () => {
    const context = { functionName: 'webhook', awsRequestId: 'request-1' } as never;
    const out = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')].map((spy) => spy.mockReturnValue(true));
    for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
    const failing = handler(event('hello'), context);
    await expect(failing).rejects.toThrow('PGPROOF_WEBHOOK_SECRET_ARN: is not set');
    expect(out.flatMap((spy) => spy.mock.calls).join('')).not.toContain('hello');
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
});

const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  PGPROOF_BUCKET: 'pgproof-bucket',
  PGPROOF_PEOPLE_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:people',
  PGPROOF_SIGNING_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/1',
  PGPROOF_INSTANCE_CLASS: 'db.t4g.medium',
  PGPROOF_INSTANCE_SUBNET_GROUP: 'drills',
  PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'sg-1',
};
