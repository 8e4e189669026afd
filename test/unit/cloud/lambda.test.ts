import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { NoBackupError } from '../../../src/errors.ts';

const CONTEXT = { functionName: 'plan', awsRequestId: 'request-1', invokedFunctionArn: 'arn:aws:lambda', memoryLimitInMB: '256' } as Context;
const CLOUD = {} as Cloud;

describe('a function wrapped for Lambda', () => {
  let lines: Record<string, unknown>[];
  beforeEach(() => {
    lines = [];
    const keep = (text: unknown): boolean => {
      lines.push(JSON.parse(String(text)) as Record<string, unknown>);
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('gives the core function the event and the cloud, and its result back', async () => {
    const handler = lambda(async (event: { a: number }, cloud) => ({ a: event.a + 1, same: cloud === CLOUD }), async () => CLOUD);
    expect(await handler({ a: 1 }, CONTEXT)).toEqual({ a: 2, same: true });
  });

  test('logs one line per invocation with its request, and nothing of event or result', async () => {
    const handler = lambda(async () => ({ result: 'secret-result' }), async () => CLOUD);
    await handler({ event: 'secret-event' }, CONTEXT);
    expect(lines).toEqual([
      expect.objectContaining({ level: 'INFO', message: 'succeeded', function_request_id: 'request-1', milliseconds: expect.any(Number) as number }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('logs nothing of the event even when the environment asks for it', async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const handler = lambda(async () => 1, async () => CLOUD);
    await handler({ event: 'secret-event' }, CONTEXT);
    vi.unstubAllEnvs();
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain('secret-event');
  });

  test('lets an error fly as it is, because its name is what the state machine matches', async () => {
    const error = new NoBackupError('there is no dump of shop', { hint: 'npx pgproof backup' });
    const handler = lambda(async () => Promise.reject(error), async () => CLOUD);
    await expect(handler({}, CONTEXT)).rejects.toBe(error);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: 'failed',
        origin: 'backup',
        hint: 'npx pgproof backup',
        error: expect.objectContaining({ name: 'NoBackupError', message: 'there is no dump of shop' }) as object,
      }),
    ]);
  });

  test('reports a cloud that cannot be opened with every variable that is missing', async () => {
    const handler = lambda(async () => 1);
    const opening = handler({}, CONTEXT);
    await expect(opening).rejects.toMatchObject({ name: 'ConfigurationError' });
    await expect(opening).rejects.toThrow('environment variable PGPROOF_BUCKET: is not set');
    await expect(opening).rejects.toThrow('environment variable PGPROOF_SIGNING_KEY_ARN: is not set');
  });
});

describe('every function in the house', () => {
  const root = join(import.meta.dirname, '../../..');
  const files = globSync('functions/**/handler.ts', { cwd: root });

  test('is there', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  test.each(files)('%s exports the wrapped one and reports what is missing through it', async (file) => {
    const { handler } = (await import(pathToFileURL(join(root, file)).href)) as { handler: ReturnType<typeof lambda> };
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(handler({}, CONTEXT)).rejects.toMatchObject({ name: 'ConfigurationError' });
    const logged = [...write.mock.calls, ...errors.mock.calls].map(([text]) => String(text)).join('');
    vi.restoreAllMocks();
    expect(logged).toContain('"function_request_id":"request-1"');
    expect(readFileSync(join(root, file), 'utf8')).not.toContain('@aws-sdk');
  });
});
