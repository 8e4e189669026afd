import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, inject, test } from 'vitest';
import { describeDeployment, describeWhatStays } from '../../deploy/next-steps.ts';

const ROOT = join(import.meta.dirname, '../..');

/** In lines of their own, after HINT or a colon, and in `code`. */
function commandsIn(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /^\s{3,}(?:e-mail\s+|QUEUE=\$\()?(aws .+?)\)?$/.exec(line)?.[1] ?? []);
  return [...lines, ...[...text.matchAll(/`(aws [a-z0-9-]+ [a-z-]+[^`$]*)`/g)].map((match) => match[1] ?? '')];
}

/** Faults of commands of the aws command line, by the models of the services that the emulator is built on. */
async function faultsOf(commands: readonly string[]): Promise<string[]> {
  const program = join(import.meta.dirname, 'commands.py');
  const { stdout } = await execa(join(inject('pythonPrograms'), 'python'), [program], { input: commands.join('\n') });
  return stdout.split('\n').filter((line) => line !== '');
}

const OUTPUTS = { Bucket: 'b', PeopleTopicArn: 'p', ChatTopicArn: 'c', SigningKeyArn: 'k', RestoreDrillConsole: 'r', DashboardConsole: 'd' };
const place = { stage: 'prod', region: 'eu-central-1', outputs: OUTPUTS, databases: ['orders'] };

const TEXTS: Readonly<Record<string, { text: string; commands: number }>> = {
  'docs/deploy.md': { text: readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8'), commands: 12 },
  'docs/runbook.md': { text: readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8'), commands: 20 },
  'what npm run deploy prints': { text: describeDeployment(place), commands: 2 },
  'what npm run remove prints': { text: describeWhatStays(place), commands: 6 },
};

describe('commands of the aws command line', () => {
  test.each(Object.keys(TEXTS))('exist, with their options and all that they need: %s', async (name) => {
    const { text = '', commands = 0 } = TEXTS[name] ?? {};
    const found = commandsIn(text);
    expect(found.length).toBeGreaterThanOrEqual(commands);
    expect(await faultsOf(found)).toEqual([]);
  });

  test('would be noticed when they do not', async () => {
    const faults = await faultsOf([
      'aws rds describe-instances --region eu-central-1',
      'aws rds delete-db-instance --db-instance-identifier a --skip-snapshot',
      'aws sqs receive-message --region eu-central-1',
      "aws kms list-keys --query 'Keys[].['",
    ]);
    expect(faults.map((fault) => /: ([a-zA-Z]+ ?[a-z-]*)/.exec(fault)?.[1])).toEqual(['rds has', 'rds delete-db-instance', 'sqs receive-message', 'IncompleteExpressionError']);
  });
});

test('a drill of one among several databases is told which', () => {
  expect(describeDeployment({ ...place, databases: ['orders', 'users'] })).toContain('with the input {"database":"orders"} at');
  expect(describeDeployment(place)).toContain('with the input {} at');
});
