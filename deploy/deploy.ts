import { loadConfig } from '../src/config/config.ts';
import { ConfigurationError, DeploymentError, describeError } from '../src/errors.ts';
import { provideImage } from './image.ts';
import { describeDeployment } from './next-steps.ts';
import { readOptions, stackName } from './options.ts';
import { preflight, type Ready } from './preflight.ts';
import { runStep, serverless } from './programs.ts';

/**
 * `npm run deploy [-- --stage NAME]`: looks for everything that would fail, deploys the stack, builds and pushes the
 * worker's image, and says what to do next. Exit codes: 0 deployed, 1 a step failed, 3 nothing was begun.
 *
 * The stack comes first because the repository is part of it. Until the push, its tasks name an image that is not there: only a
 * schedule can start one in these minutes, its task does not start, and that is announced like any other that failed.
 */
async function deploy(argv: readonly string[]): Promise<void> {
  const { stage } = readOptions(argv, ['stage']);
  warnOfDiversion(process.env);
  const ready = await preflight(stage);
  say(`deploying stack ${stackName(stage)} into account ${ready.identity.account}, ${ready.aws.region}, as ${ready.identity.arn}`);
  await runStep(serverless('deploy', stage, 'the failed resource is named above; CloudFormation has rolled back; npm run deploy again once it is corrected'));
  const outputs = await ready.account.outputs(stackName(stage));
  if (!outputs) throw new DeploymentError(`stack ${stackName(stage)} is not there after it was deployed`, { hint: 'aws cloudformation describe-stacks' });
  await provide(ready, stage, outputs);
  const databases = Object.keys(loadConfig('pgproof.yml').databases);
  process.stdout.write(describeDeployment({ stage, region: ready.aws.region, outputs, databases }));
}

async function provide({ account, engine, aws }: Ready, stage: string, outputs: Readonly<Record<string, string>>): Promise<void> {
  if (engine === undefined) return say(`the worker's image is ${aws.worker.image}, as pgproof.yml says: none is built`);
  const repositoryUri = outputs['WorkerRepositoryUri'];
  if (repositoryUri === undefined) throw new DeploymentError(`stack ${stackName(stage)} has no output WorkerRepositoryUri`);
  say(`the worker's image for ${repositoryUri}; until it is there, no task of the stack can start`);
  const outcome = await provideImage({ account, engine, stage, repositoryUri });
  say(outcome === 'pushed' ? "the worker's image is pushed" : "the worker's image of this version is there already: a tag is never moved, so it is not built again");
}

/** Everything here goes where these variables say, credentials included. */
export function warnOfDiversion(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) {
    if (!/^AWS_ENDPOINT_URL(_|$)/.test(name) || !value) continue;
    say(`warning: ${name} is set: what follows goes to ${value} and not to AWS; unset ${name} if that is left over`);
  }
}

export function say(text: string): void {
  process.stderr.write(`pgproof: ${text}\n`);
}

/** Runs the command and turns how it ended into an exit code and a message. */
export async function main(command: (argv: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await command(process.argv.slice(2));
  } catch (error) {
    const own = error instanceof ConfigurationError || error instanceof DeploymentError;
    say(own ? describeError(error) : String(error instanceof Error ? error.stack : error));
    process.exitCode = error instanceof ConfigurationError ? 3 : 1;
  }
}

if (import.meta.main) await main(deploy);
