import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import type { Packaged } from './packaging.ts';
import { readZip } from './zip.ts';

const DECLARED = join(import.meta.dirname, '../../deploy/functions');

/** Every one that is declared, and the one that is there only where a webhook is. */
const FUNCTIONS = readdirSync(DECLARED)
  .flatMap((file) => [...readFileSync(join(DECLARED, file), 'utf8').matchAll(/^(\w+):$/gm)].map(([, name]) => name ?? ''))
  .concat('webhook');

/** Calls the handler as Lambda does, in a process of its own, and prints what came of it. */
const CALLER = `
const { handler } = await import(process.argv[1]);
const context = { functionName: 'f', awsRequestId: 'request-1', invokedFunctionArn: 'arn', memoryLimitInMB: '512', getRemainingTimeInMillis: () => 60000 };
try {
  console.log(JSON.stringify({ result: await handler({}, context) ?? null }));
} catch (error) {
  console.log(JSON.stringify({ errorType: error.name, errorMessage: error.message }));
}
`;

/** What is in the zips, and that it runs where nothing else of this checkout is. */
export function testBundles(packaged: () => Packaged): void {
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'pgproof-bundles-'));
  });
  afterAll(() => rm(place, { recursive: true }));

  const unpack = async (name: string): Promise<string> => {
    const directory = join(place, name);
    for (const [file, bytes] of readZip(join(packaged().directory, `${name}.zip`))) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), bytes);
    }
    return directory;
  };
  const handlerOf = (name: string): string => {
    const logicalId = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}LambdaFunction`;
    return String(packaged().template.Resources[logicalId]?.Properties['Handler']);
  };

  test('there is one for every function of the template', () => {
    const resources = Object.values(packaged().template.Resources);
    expect(FUNCTIONS.length).toBeGreaterThanOrEqual(15);
    expect(resources.filter(({ Type }) => Type === 'AWS::Lambda::Function')).toHaveLength(FUNCTIONS.length);
  });

  test.each(FUNCTIONS)('%s holds its bundle, its map and the configuration, and nothing else', (name) => {
    const [path] = handlerOf(name).split('.handler');
    const files = readZip(join(packaged().directory, `${name}.zip`));
    expect([...files.keys()].toSorted()).toEqual([`${path}.mjs`, `${path}.mjs.map`, 'pgproof.json'].toSorted());
    expect(files.get(`${path}.mjs`)?.length).toBeLessThan(2_000_000);
  });

  test('carry the configuration that was validated', async () => {
    const directory = await unpack('plan');
    expect(loadConfig(join(directory, 'pgproof.json')).aws?.region).toBe('eu-central-1');
  });

  test.each(FUNCTIONS)('%s loads from its zip and answers through its wrapper', async (name) => {
    const directory = await unpack(name);
    const [path] = handlerOf(name).split('.handler');
    const { stdout, stderr } = await runProgram({
      path: process.execPath,
      args: ['--input-type=module', '--eval', CALLER, join(directory, `${path}.mjs`)],
      cwd: directory,
      env: { AWS_LAMBDA_FUNCTION_NAME: name, NODE_PATH: '' },
    });
    expect(JSON.parse(stdout)).toMatchObject({
      errorType: 'ConfigurationError',
      errorMessage: expect.stringContaining('environment variable PGPROOF_BUCKET: is not set') as string,
    });
    expect(JSON.parse(stderr)).toMatchObject({ level: 'ERROR', function_request_id: 'request-1', origin: 'configuration' });
  });
}
