import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lambda } from '../../../src/cloud/aws/lambda.ts';
import type { Environment } from '../../../src/cloud/aws/environment.ts';
import type { Clock } from '../../../src/cloud/clock.ts';
import type { Cloud } from '../../../src/cloud/cloud.ts';
import { NoBackupError } from '../../../src/errors.ts';

const CONTEXT = { functionName: 'plan', awsRequestId: 'request-1', invokedFunctionArn: 'arn:aws:lambda', memoryLimitInMB: '256' } as Context;
interface Needed {
  readonly clock?: Clock;
}
const CLOUD: Needed = {};
const GIVEN = { needs: {}, open: async () => CLOUD };

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
    vi.unstubAllEnvs();
  });

  test('gives the core function the event and the cloud, and its result back', async () => {
    const core = async (event: { a: number }, cloud: Needed) => ({ a: event.a + 1, same: cloud === CLOUD });
    expect(await lambda(core, GIVEN)({ a: 1 }, CONTEXT)).toEqual({ a: 2, same: true });
  });

  test('keeps one record per run: which function, how it ended, how long it took and what it was about', async () => {
    const handler = lambda(async (event: { database: string; password: string }) => ({ rows: event.database.length, key: 'secret-result' }), {
      ...GIVEN,
      about: ({ database }, result) => ({ database, ...(result && { rows: result.rows }) }),
    });
    await handler({ database: 'shop', password: 'secret-event' }, CONTEXT);
    expect(lines).toEqual([
      {
        level: 'INFO',
        message: 'run',
        timestamp: expect.any(String) as string,
        service: 'pgproof',
        cold_start: expect.any(Boolean) as boolean,
        function_arn: 'arn:aws:lambda',
        function_memory_size: '256',
        function_name: 'plan',
        function_request_id: 'request-1',
        function: 'plan',
        outcome: 'succeeded',
        milliseconds: expect.any(Number) as number,
        about: { database: 'shop', rows: 4 },
        sampling_rate: 0,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('logs nothing of the event even when the environment asks for it', async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const handler = lambda(async () => 1, GIVEN);
    await handler({ event: 'secret-event' }, CONTEXT);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain('secret-event');
  });

  test('lets an error fly as it is, because its name is what the state machine matches, and records the run as failed', async () => {
    const error = new NoBackupError('there is no dump of shop', { hint: 'npx pgproof backup' });
    const handler = lambda(async () => Promise.reject(error), {
      ...GIVEN,
      about: ({ database }: { database: string }) => ({ database }),
      metrics: () => [{ name: 'BackupValid', value: 1, unit: 'Count' }],
    });
    await expect(handler({ database: 'shop' }, CONTEXT)).rejects.toBe(error);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: 'run',
        outcome: 'failed',
        about: { database: 'shop' },
        origin: 'backup',
        hint: 'npx pgproof backup',
        error: expect.objectContaining({ name: 'NoBackupError', message: 'there is no dump of shop' }) as object,
      }),
    ]);
  });

  test('reports the error of an event that nothing can be said of, not the attempt to say something', async () => {
    const handler = lambda(async () => Promise.reject(new NoBackupError('not an event')), {
      ...GIVEN,
      about: (event: { plan: { drill: string } }) => ({ drill: event.plan.drill }),
    });
    await expect(handler({} as never, CONTEXT)).rejects.toThrow('not an event');
    expect(lines).toEqual([expect.objectContaining({ about: { readable: false }, outcome: 'failed' })]);
  });

  test('reports a cloud that cannot be opened with every variable that is missing', async () => {
    const opening = lambda(async () => 1, { needs: {} })({}, CONTEXT);
    await expect(opening).rejects.toMatchObject({ name: 'ConfigurationError' });
    await expect(opening).rejects.toThrow('environment variable PGPROOF_BUCKET: is not set');
    await expect(opening).rejects.toThrow('environment variable PGPROOF_SIGNING_KEY_ARN: is not set');
  });

  test('opens the parts that it needs, each from the environment, once', async () => {
    stubEnvironment();
    const opened: string[] = [];
    const store = async () => (settings: Environment) => {
      opened.push(settings.PGPROOF_BUCKET);
      return {} as Cloud['store'];
    };
    const core = async (_event: object, cloud: Pick<Cloud, 'store' | 'clock'>) => Object.keys(cloud).toSorted();
    const handler = lambda(core, { needs: { store } });
    expect([await handler({}, CONTEXT), await handler({}, CONTEXT)]).toEqual([['clock', 'store'], ['clock', 'store']]);
    expect(opened).toEqual(['pgproof-bucket']);
  });
});

describe('what a function measures', () => {
  let printed: Record<string, unknown>[];
  beforeEach(() => {
    printed = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text: unknown) => {
      printed.push(JSON.parse(String(text)) as Record<string, unknown>);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('is printed in the embedded format with exactly its own dimensions, beside the record', async () => {
    const handler = lambda(async () => 77, {
      ...GIVEN,
      metrics: (value) => [
        { name: 'BackupAgeSeconds', value, unit: 'Seconds', dimensions: { Database: 'shop', Kind: 'dump' } },
        { name: 'OrphansLeft', value: 0, unit: 'Count' },
      ],
    });
    await handler({}, CONTEXT);
    const embedded = (Dimensions: string[][], Metrics: object[]) => ({
      _aws: { Timestamp: expect.any(Number) as number, CloudWatchMetrics: [{ Namespace: 'pgproof', Dimensions, Metrics }] },
    });
    expect(printed).toEqual([
      { ...embedded([['Database', 'Kind']], [{ Name: 'BackupAgeSeconds', Unit: 'Seconds' }]), Database: 'shop', Kind: 'dump', BackupAgeSeconds: 77 },
      { ...embedded([['service']], [{ Name: 'OrphansLeft', Unit: 'Count' }]), service: 'pgproof', OrphansLeft: 0 },
      expect.objectContaining({ message: 'run', outcome: 'succeeded' }),
    ]);
  });
});

function stubEnvironment(): void {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('PGPROOF_BUCKET', 'pgproof-bucket');
  vi.stubEnv('PGPROOF_PEOPLE_TOPIC_ARN', 'arn:aws:sns:eu-central-1:123456789012:people');
  vi.stubEnv('PGPROOF_SIGNING_KEY_ARN', 'arn:aws:kms:eu-central-1:123456789012:key/1');
  vi.stubEnv('PGPROOF_INSTANCE_CLASS', 'db.t4g.medium');
  vi.stubEnv('PGPROOF_INSTANCE_SUBNET_GROUP', 'drills');
  vi.stubEnv('PGPROOF_INSTANCE_SECURITY_GROUP_IDS', 'sg-1');
}

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
