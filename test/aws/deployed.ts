import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { buildLayer } from '../../layers/pg-tools/build.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { copyService, readTemplate, type Copy, type Packaged } from '../package/packaging.ts';
import { readZip } from '../package/zip.ts';
import { emulator, emulatorUrl, securityGroupId, subnetIds, vpcId } from './clients.ts';
import { startRecorder, type Recorder } from './recorder.ts';

/** What a failed invocation tells the state machine. */
export class InvocationError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** The service as `serverless deploy` left it in the emulator; its functions run from their zips in processes of their own. */
export interface Deployed {
  readonly template: Packaged['template'];
  /** Of a function, by its name in serverless.yml. */
  environment(name: string): Promise<Record<string, string>>;
  /** Runs the bundle with the deployed environment. @throws InvocationError */
  invoke(name: string, event: unknown, env?: Readonly<Record<string, string>>): Promise<unknown>;
  /** The environment of a task definition's container, by the family's last part, such as `prove` or `source-shop`. */
  taskEnvironment(name: string): Promise<Record<string, string>>;
  /** Credentials, and the emulator behind the recorder. */
  readonly access: Readonly<Record<string, string>>;
  /** What each function asked of AWS so far. */
  readonly recorder: Recorder;
  remove(): Promise<void>;
}

/** @param change makes its pgproof.yml out of this checkout's */
export async function deploy(change: (configuration: string) => string = (text) => text): Promise<Deployed> {
  const [vpc, subnets, group] = [await vpcId(), await subnetIds(), await securityGroupId()];
  const copy = await copyService((text) =>
    change(text)
      .replace(/vpc: \S+/, `vpc: ${vpc}`)
      .replace(/subnets: .*/, `subnets: [${subnets.slice(0, 2).join(', ')}]`)
      .replaceAll(/securityGroup: \S+/g, `securityGroup: ${group}`),
  );
  try {
    await buildLayer('arm64', join(copy.directory, 'layers/pg-tools/build'));
    const directory = join(copy.directory, '.serverless');
    await copy.serverless(['deploy'], CREDENTIALS());
    const recorder = await startRecorder(emulatorUrl());
    return makeDeployed(copy, await readTemplate(directory), recorder, await makeSigningKey());
  } catch (error) {
    await copy.remove();
    throw error;
  }
}

const CREDENTIALS = (): Record<string, string> => ({
  AWS_ENDPOINT_URL: emulatorUrl(),
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});

/** The emulator's CloudFormation makes keys of one kind only, whatever the template says; asked directly it makes ours. */
async function makeSigningKey(): Promise<string> {
  const { KeyMetadata } = await new KMSClient(emulator()).send(new CreateKeyCommand({ KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' }));
  return KeyMetadata?.Arn ?? '';
}

function makeDeployed(copy: Copy, template: Packaged['template'], recorder: Recorder, signingKey: string): Deployed {
  const lambda = new LambdaClient(emulator());
  const environment = async (name: string): Promise<Record<string, string>> => {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: `pgproof-prod-${name}` }));
    return { ...Configuration?.Environment?.Variables, PGPROOF_SIGNING_KEY_ARN: signingKey };
  };
  const access = { ...CREDENTIALS(), AWS_ENDPOINT_URL: recorder.url };
  return {
    template,
    recorder,
    environment,
    access,
    taskEnvironment: async (name) => {
      const { taskDefinition } = await new ECSClient(emulator()).send(new DescribeTaskDefinitionCommand({ taskDefinition: `pgproof-prod-${name}` }));
      const variables = taskDefinition?.containerDefinitions?.[0]?.environment ?? [];
      return { ...Object.fromEntries(variables.map((each) => [each.name ?? '', each.value ?? ''])), PGPROOF_SIGNING_KEY_ARN: signingKey };
    },
    invoke: async (name, event, env = {}) => {
      const place = join(copy.directory, 'unpacked', name);
      await unpack(join(copy.directory, '.serverless', `${name}.zip`), place);
      const logicalId = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}LambdaFunction`;
      const [path] = String(template.Resources[logicalId]?.Properties['Handler']).split('.handler');
      recorder.actor = logicalId.replace('LambdaFunction', 'Role');
      return call(place, `${path}.mjs`, event, { ...(await environment(name)), ...access, ...env });
    },
    remove: async () => {
      await recorder.close();
      await copy.remove();
    },
  };
}

async function unpack(zip: string, place: string): Promise<void> {
  for (const [file, bytes] of readZip(zip)) {
    await mkdir(dirname(join(place, file)), { recursive: true });
    await writeFile(join(place, file), bytes);
  }
}

/** What Lambda does around a handler: JSON in, JSON out, and an error as its name and message. */
const CALLER = `
const { handler } = await import(process.argv[2]);
const context = { functionName: 'f', awsRequestId: 'request-1', invokedFunctionArn: 'arn', memoryLimitInMB: '512', getRemainingTimeInMillis: () => 60000 };
const answer = await handler(JSON.parse(process.env.EVENT), context).then(
  (result) => ({ result: result ?? null }),
  (error) => ({ errorType: error.name, errorMessage: error.message }),
);
process.stdout.write('\\n' + JSON.stringify(answer), () => process.exit());
`;

async function call(place: string, module: string, event: unknown, env: Record<string, string>): Promise<unknown> {
  const caller = join(place, 'caller.mjs');
  await writeFile(caller, CALLER);
  const { stdout } = await runProgram({
    path: process.execPath,
    args: [caller, join(place, module)],
    cwd: place,
    env: { ...env, AWS_REGION: 'eu-central-1', AWS_LAMBDA_FUNCTION_NAME: 'f', NODE_OPTIONS: '', EVENT: JSON.stringify(event) },
    timeoutMilliseconds: 100_000,
  });
  const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { result?: unknown; errorType?: string; errorMessage?: string };
  if (answer.errorType !== undefined) throw new InvocationError(answer.errorType, answer.errorMessage ?? '');
  return answer.result;
}
