import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsConfig } from '../src/config/aws.ts';
import { loadConfig } from '../src/config/config.ts';
import { needDeployable } from '../src/config/deployment.ts';
import { ConfigurationError } from '../src/errors.ts';
import { openAccount, type Account } from './account.ts';
import { repositoryName, stackName } from './options.ts';
import { findProgram, ROOT, runStep, succeeds } from './programs.ts';

/** Everything that can be known to fail is found out before anything is changed, and told at once. */
export interface Ready {
  readonly aws: AwsConfig;
  readonly account: Account;
  readonly identity: { readonly account: string; readonly arn: string };
  /** The program that builds the worker's image; undefined when `aws.worker.image` names one. */
  readonly engine: string | undefined;
}

interface Fault {
  readonly fault: string;
  readonly hint: string;
}

/** Programs that take docker's command line. */
const ENGINES = ['docker', 'podman', 'finch'];
const LAYER = 'layers/pg-tools/build/arm64';

/** @throws ConfigurationError with every fault, each followed by what to do */
export async function preflight(stage: string): Promise<Ready> {
  const configuration = readConfiguration();
  const aws = 'aws' in configuration ? configuration.aws : undefined;
  const account = openAccount(aws?.region ?? process.env['AWS_REGION'] ?? 'us-east-1');
  const [identity, engine] = await Promise.all([identify(account), findEngine(aws)]);
  const faults = [
    ...('faults' in configuration ? configuration.faults : []),
    ...(aws ? regionFaults(aws) : []),
    ...('fault' in identity ? [identity] : []),
    ...(typeof engine === 'object' ? [engine] : []),
  ];
  if (aws && !('fault' in identity)) faults.push(...(await repositoryFaults(account, stage, aws.region)));
  if (!aws || 'fault' in identity || typeof engine === 'object' || faults.length > 0) throw asError(faults);
  await needLayer();
  return { aws, account, identity, engine };
}

function readConfiguration(): { readonly aws: AwsConfig } | { readonly faults: Fault[] } {
  try {
    return { aws: needDeployable(loadConfig('pgproof.yml')).aws };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { faults: error.faults.map((fault) => ({ fault, hint: 'edit pgproof.yml; docs/deploy.md says what goes where' })) };
  }
}

/** CloudFormation goes to aws.region whatever the environment says; a shell that means another one shows a mistake. */
function regionFaults({ region }: AwsConfig): Fault[] {
  return ['AWS_REGION', 'AWS_DEFAULT_REGION'].flatMap((name) => {
    const set = process.env[name];
    if (set === undefined || set === '' || set === region) return [];
    return [{ fault: `${name} is ${set}, but aws.region in pgproof.yml is ${region}`, hint: `unset ${name}, or correct aws.region` }];
  });
}

async function identify(account: Account): Promise<Ready['identity'] | Fault> {
  try {
    return await account.identity();
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { fault: `no account: ${said}`, hint: 'aws sts get-caller-identity; then aws configure, aws sso login or AWS_PROFILE' };
  }
}

async function findEngine(aws: AwsConfig | undefined): Promise<string | Fault | undefined> {
  if (aws?.worker.image !== undefined) return undefined;
  const hint = 'install or start docker, podman or finch, or name an image under aws.worker.image in pgproof.yml';
  const engine = await findProgram(ENGINES);
  if (engine === undefined) return { fault: `none of ${ENGINES.join(', ')} is here, and the worker's image must be built`, hint };
  if (await succeeds(engine, ['info'])) return engine;
  return { fault: `${engine} is here, but \`${engine} info\` fails`, hint };
}

/** A repository outlives its stack, and a first deployment that was rolled back; CloudFormation would find its name taken, after minutes. */
async function repositoryFaults(account: Account, stage: string, region: string): Promise<Fault[]> {
  const name = repositoryName(stage);
  const outputs = await account.outputs(stackName(stage));
  if (outputs?.['WorkerRepositoryUri'] !== undefined || !(await account.hasRepository(name))) return [];
  return [
    {
      fault: `repository ${name} is there from a stack that was removed or rolled back, and a new stack cannot take it over`,
      hint: `aws ecr delete-repository --region ${region} --repository-name ${name} --force`,
    },
  ];
}

async function needLayer(): Promise<void> {
  if (existsSync(join(ROOT, LAYER))) return;
  process.stderr.write(`building ${LAYER}: PostgreSQL's programs for the function that validates\n`);
  const hint = 'layers/pg-tools/README.md says where it can be built; on another machine, copy layers/pg-tools/build/arm64 here';
  const step = { purpose: `build ${LAYER}`, program: process.execPath, args: ['layers/pg-tools/build.ts', 'arm64'], hint };
  await runStep(step).catch((error: Error) => {
    throw asError([{ fault: error.message, hint }]);
  });
}

function asError(faults: readonly Fault[]): ConfigurationError {
  return new ConfigurationError(faults.map(({ fault, hint }) => `${fault}\n    HINT: ${hint}`));
}
