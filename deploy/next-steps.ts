import { PGPROOF_VERSION } from '../src/version.ts';
import { repositoryName, stackName } from './options.ts';

/** What people are told after deploying and around removing: plain text, every command ready to be typed. */
export interface Place {
  readonly stage: string;
  readonly region: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Names of the databases in pgproof.yml. */
  readonly databases: readonly string[];
}

export function describeDeployment({ stage, region, outputs, databases }: Place): string {
  const database = databases[0];
  return lines(
    '',
    `pgproof ${PGPROOF_VERSION} is deployed as stack ${stackName(stage)} in ${region}.`,
    '',
    '1. Who is told:',
    `   e-mail   aws sns subscribe --region ${region} --topic-arn ${outputs['PeopleTopicArn']} --protocol email --notification-endpoint you@example.com`,
    '            (or aws.email in pgproof.yml); whoever is subscribed confirms by the link that arrives',
    `   Slack    a channel of Amazon Q Developer in chat applications that names the topic ${outputs['ChatTopicArn']}`,
    ...(database === undefined ? noDatabases() : firstSteps({ stage, region, outputs, databases }, database)),
    '',
    `How old backups and proofs are: ${outputs['DashboardConsole']}`,
    `Evidence is checked with the public half of ${outputs['SigningKeyArn']}; docs/deploy.md says how to keep it.`,
  );
}

function noDatabases(): string[] {
  return ['', '2. pgproof.yml names no database yet: docs/deploy.md, then npm run deploy again.'];
}

function firstSteps({ stage, region, outputs, databases }: Place, database: string): string[] {
  // Of several, a drill must be told which.
  const input = databases.length === 1 ? '{}' : JSON.stringify({ database });
  return [
    '',
    '2. The first backup need not wait for its schedule:',
    `   ${firstDump({ stage, region, database })}`,
    '',
    `3. The first drill, when the backup was announced as valid: Start execution with the input ${input} at`,
    `   ${outputs['RestoreDrillConsole']}`,
  ];
}

/** The function takes what a schedule would give it; the time becomes the name of the backup. */
function firstDump({ stage, region, database }: { stage: string; region: string; database: string }): string {
  const payload = `'{"database":"${database}","scheduledAt":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"}'`;
  const options = `--region ${region} --function-name pgproof-${stage}-dump --invocation-type Event --cli-binary-format raw-in-base64-out`;
  return `aws lambda invoke ${options} --payload ${payload} /dev/stdout`;
}

/** Said before it is asked whether to remove. */
export function describeRemoval({ stage, region }: Place): string {
  return lines(
    `This removes stack ${stackName(stage)} in ${region}: functions, schedules, alarms, topics and their subscriptions, the state`,
    "machine with its history, the worker's tasks and their logs. From then on nobody takes backups or drills, and nobody says so.",
    'What outlives the stack on purpose: the bucket with every backup and its evidence, the keys, the repository, RDS snapshots.',
  );
}

export function describeWhatStays({ stage, region, outputs }: Place): string {
  const bucket = outputs['Bucket'] ?? 'BUCKET';
  return lines(
    '',
    `Stack ${stackName(stage)} is gone. What is still there, and how to remove it when you want that:`,
    '',
    `  the worker's images; must go before ${stackName(stage)} can be deployed again:`,
    `    aws ecr delete-repository --region ${region} --repository-name ${repositoryName(stage)} --force`,
    `  snapshots that pgproof took in RDS; one by one, by the names that this prints:`,
    `    aws rds describe-db-snapshots --region ${region} --snapshot-type manual --query "DBSnapshots[?TagList[?Key=='pgproof:snapshot'&&Value=='true']].DBSnapshotIdentifier"`,
    `    aws rds delete-db-snapshot --region ${region} --db-snapshot-identifier NAME`,
    `  every backup with its evidence: bucket ${bucket}`,
    '    its objects are locked (aws.bucket.lock in pgproof.yml) and versioned: docs/deploy.md, "Removing", says how to empty it',
    `    aws s3api delete-bucket --region ${region} --bucket ${bucket}`,
    '  the keys. Without the one that encrypts, every backup is noise; without the one that signs, no evidence can be checked unless',
    '  its public half was kept. They are listed with their stack, and go last or never:',
    `    ${listKeys(region)}`,
    `    aws kms schedule-key-deletion --region ${region} --pending-window-in-days 30 --key-id ARN`,
  );
}

/** The stack tags what it makes, and the tag outlives it. */
function listKeys(region: string): string {
  return `aws resourcegroupstaggingapi get-resources --region ${region} --resource-type-filters kms:key --tag-filters Key=pgproof:stage`;
}

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
