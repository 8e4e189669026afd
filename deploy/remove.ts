import { createInterface } from 'node:readline/promises';
import { needAws } from '../src/config/aws.ts';
import { loadConfig } from '../src/config/config.ts';
import { ConfigurationError, DeploymentError } from '../src/errors.ts';
import { openAccount, type Account } from './account.ts';
import { main, say, warnOfDiversion } from './deploy.ts';
import { describeRemoval, describeWhatStays, type Place } from './next-steps.ts';
import { clusterName, readOptions, stackName } from './options.ts';
import { runStep, serverless } from './programs.ts';

/**
 * `npm run remove [-- --stage NAME] [--yes]`: removes the stack after asking, and says what stays on purpose. Exit codes: 0
 * removed, 1 a step failed, 3 nothing was begun: not confirmed, or something runs that only the stack would end.
 */
async function remove(argv: readonly string[]): Promise<void> {
  const { stage, yes } = readOptions(argv, ['stage', 'yes']);
  warnOfDiversion(process.env);
  const { region } = needAws(loadConfig('pgproof.yml'));
  const account = openAccount(region);
  const outputs = await account.outputs(stackName(stage));
  if (!outputs) {
    throw new ConfigurationError([`there is no stack ${stackName(stage)} in ${region}`], {
      hint: `aws cloudformation list-stacks --region ${region}; another stage is named by --stage`,
    });
  }
  await requireIdle(account, stage, region);
  const place: Place = { stage, region, outputs, databases: [] };
  process.stdout.write(describeRemoval(place));
  if (!yes) await confirm(stackName(stage));
  await runStep(serverless('remove', stage, `what could not be deleted is named above; aws cloudformation describe-stack-events --region ${region} --stack-name ${stackName(stage)}`));
  if ((await account.outputs(stackName(stage))) !== undefined) {
    throw new DeploymentError(`stack ${stackName(stage)} is still there`, { hint: `aws cloudformation describe-stack-events --region ${region} --stack-name ${stackName(stage)}` });
  }
  process.stdout.write(describeWhatStays(place));
}

/** Who destroys a throwaway instance is part of the stack: removed in the middle of a drill, it would leave one that costs for ever. */
async function requireIdle(account: Account, stage: string, region: string): Promise<void> {
  const [throwaways, tasks] = await Promise.all([account.throwaways(), account.tasks(clusterName(stage))]);
  const faults = [
    ...throwaways.map(
      (id) => `throwaway instance ${id} is there\n    HINT: wait for its drill; if none runs: aws rds delete-db-instance --region ${region} --skip-final-snapshot --db-instance-identifier ${id}`,
    ),
    ...tasks.map((arn) => `task ${arn} runs\n    HINT: wait for it, or: aws ecs stop-task --region ${region} --cluster ${clusterName(stage)} --task ${arn}`),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults, { hint: 'npm run remove again when these are gone' });
}

/** @throws ConfigurationError when the answer is another, or nobody is there to give one */
async function confirm(stack: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`Type ${stack} to remove it: `), closed]);
  terminal.close();
  if (answer.trim() === stack) return;
  say('');
  throw new ConfigurationError([`not confirmed: nothing was removed`], { hint: `type ${stack}, or npm run remove -- --yes` });
}

if (import.meta.main) await main(remove);
