import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { matchesPattern } from '../../../src/cloud/event-pattern.ts';
import { RdsSnapshotEvent, TaskStoppedEvent } from '../../../src/cloud/service-events.ts';
import { objectCreated, snapshotEvent, taskEvent } from '../../helpers/aws-events.ts';
import { readRule, type RuleFile } from '../../helpers/backup-world.ts';

const ID = 'pgproof-shop-20261120t020000z';
const PLACE = `v1/shop/snapshots/${ID}`;
const DUMP = { verb: 'dump', database: 'shop', backupId: '1' } as const;
const BEFORE = { verb: 'snapshot-facts', database: 'shop', snapshotId: ID, moment: 'begin' } as const;
const AFTER = { ...BEFORE, moment: 'end' } as const;
const READING = { verb: 'reading', database: 'shop', readingId: 'drill-1' } as const;
const VALIDATE = { verb: 'validate', database: 'shop', manifestKey: 'v1/shop/dumps/1/manifest.json' } as const;

type Case = readonly [what: string, event: Record<string, unknown>];

const CASES: Readonly<Record<Exclude<RuleFile, 'validate/rule.json'>, { readonly matching: readonly Case[]; readonly other: readonly Case[] }>> = {
  'snapshot/rule-reading-landed.json': {
    matching: [['the reading before a snapshot', objectCreated(`${PLACE}/facts-before.json`)]],
    other: [
      ['the reading after it', objectCreated(`${PLACE}/facts-after.json`)],
      ['its manifest', objectCreated(`${PLACE}/manifest.json`)],
      ["a mark of ours", objectCreated(`${PLACE}/told/taken.json`)],
      ['the facts of a dump', objectCreated('v1/shop/dumps/1/facts.json')],
      ["a snapshot of the laptop's", objectCreated('v1/shop/snapshots/s20261120t020000z-abcd/facts-before.json')],
      ['a key that only ends alike', objectCreated('copy/of/snapshots/pgproof-x/facts-before.json')],
      ['another event of S3', { ...objectCreated(`${PLACE}/facts-before.json`), 'detail-type': 'Object Deleted' }],
    ],
  },
  'snapshot/rule-reading-failed.json': {
    matching: [
      ['the end of the reading before a snapshot', taskEvent(BEFORE, { exitCode: 1 })],
      ['one that never started', taskEvent(BEFORE, { stopCode: 'TaskFailedToStart' })],
    ],
    other: [
      ['the end of the reading after it', taskEvent(AFTER, { exitCode: 1 })],
      ['the end of a dump', taskEvent(DUMP, { exitCode: 1 })],
      ['its beginning', taskEvent(BEFORE, { lastStatus: 'RUNNING' })],
      ['its stopping', taskEvent(BEFORE, { lastStatus: 'DEPROVISIONING' })],
    ],
  },
  'snapshot-created/rule-snapshot-created.json': {
    matching: [
      ['a snapshot of an instance', snapshotEvent(ID)],
      ['a snapshot of a cluster', snapshotEvent(ID, { cluster: true })],
    ],
    other: [
      ['its beginning', snapshotEvent(ID, { eventId: 'RDS-EVENT-0040', message: 'Creating manual snapshot' })],
      ["a cluster's beginning", snapshotEvent(ID, { cluster: true, eventId: 'RDS-EVENT-0074', message: 'Creating manual cluster snapshot' })],
      ['its deletion', snapshotEvent(ID, { eventId: 'RDS-EVENT-0041', message: 'Deleted manual snapshot' })],
      ['an automated snapshot', snapshotEvent('rds:shop-2026-11-20-02-00', { eventId: 'RDS-EVENT-0091', message: 'Automated snapshot created' })],
      ["somebody else's snapshot", snapshotEvent('before-the-upgrade')],
      ['an event of an instance', { ...snapshotEvent(ID), 'detail-type': 'RDS DB Instance Event' }],
    ],
  },
  'snapshot-created/rule-reading-landed.json': {
    matching: [['the reading after a snapshot', objectCreated(`${PLACE}/facts-after.json`)]],
    other: [
      ['the reading before it', objectCreated(`${PLACE}/facts-before.json`)],
      ['its mark', objectCreated(`${PLACE}/mark-after.json`)],
    ],
  },
  'task-stopped/rule.json': {
    matching: [
      ['the end of a dump', taskEvent(DUMP, { exitCode: 1 })],
      ['the end of a reading for a snapshot', taskEvent(AFTER, { exitCode: 1 })],
      ['the end of a reading that a drill began', taskEvent(READING, { exitCode: 1, startedBy: 'pgproof-drill-shop-1' })],
      ['the end of a validation', taskEvent(VALIDATE, { exitCode: 1 })],
    ],
    other: [
      ['the end of a drill', taskEvent({ verb: 'prove', plan: {} }, { exitCode: 1 })],
      ['a dump that runs', taskEvent(DUMP, { lastStatus: 'RUNNING' })],
      ["somebody else's task", taskEvent(DUMP, { exitCode: 1, family: 'web' })],
      ['a task of a service', { ...taskEvent(DUMP, { exitCode: 1 }), 'detail-type': 'ECS Service Action' }],
    ],
  },
};

const FILES = Object.keys(CASES) as (keyof typeof CASES)[];

describe.each(FILES)('the rule %s', (file) => {
  test.each(CASES[file].matching)('hears of %s', async (_, event) => {
    expect(matchesPattern(await readRule(file), event)).toBe(true);
  });

  test.each(CASES[file].other)('does not hear of %s', async (_, event) => {
    expect(matchesPattern(await readRule(file), event)).toBe(false);
  });
});

describe('the rules as they are deployed', () => {
  const root = join(import.meta.dirname, '../../..');
  const readYaml = createRequire(import.meta.url)(join(root, 'deploy/cloudformation-yaml.cjs')) as (file: string) => { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };
  const rules = Object.entries(readYaml('backup.yml').Resources).filter(([, { Type }]) => Type === 'AWS::Events::Rule').filter(([, { Properties }]) => 'EventPattern' in Properties);
  /** The pattern with each reference to a file replaced by what is there. */
  const filled = (value: unknown): unknown => {
    const [, file, path] = /^\$\{file\(functions\/(.+)\):([\w.-]+)\}$/.exec(typeof value === 'string' ? value : '') ?? [];
    if (file !== undefined && path !== undefined) {
      const json: unknown = JSON.parse(readFileSync(join(root, 'functions', file), 'utf8'));
      return path.split('.').reduce((part, key) => (part as Record<string, unknown>)[key], json);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
  };

  test.each(rules)('%s is the file beside the function, and what only the stack knows', (_, { Properties }) => {
    const file = /file\(functions\/(.+?)\)/.exec(JSON.stringify(Properties['EventPattern']))?.[1] ?? '';
    const shared = JSON.parse(readFileSync(join(root, 'functions', file), 'utf8')) as { source: string[]; detail: object };
    const [source] = shared.source;
    const bucket = { bucket: { name: [{ Ref: 'BackupBucket' }] } };
    const cluster = { clusterArn: [{ 'Fn::GetAtt': ['WorkerCluster', 'Arn'] }] };
    const own = source === 'aws.s3' ? bucket : source === 'aws.ecs' ? cluster : {};
    expect(filled(Properties['EventPattern'])).toEqual({ ...shared, detail: { ...shared.detail, ...own } });
  });

  test('look after snapshots every hour besides', () => {
    const { SnapshotFollowUpRule: rule, SnapshotFollowUpRulePermission: permission } = readYaml('backup.yml').Resources;
    const target = { 'Fn::GetAtt': ['SnapshotCreatedLambdaFunction', 'Arn'] };
    expect(rule?.Properties).toMatchObject({ ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: target }] });
    expect(permission?.Properties).toMatchObject({ FunctionName: target, SourceArn: { 'Fn::GetAtt': ['SnapshotFollowUpRule', 'Arn'] } });
  });

  test('are all there', () => {
    const files = rules.map(([, { Properties }]) => /file\(functions\/(.+?)\)/.exec(JSON.stringify(Properties['EventPattern']))?.[1]);
    expect(files.toSorted()).toEqual(FILES.toSorted());
  });

  test('may be called, keep what cannot be delivered, and may put it into the queue', () => {
    const { Resources } = readYaml('backup.yml');
    const policy = JSON.stringify(readYaml('validation.yml').Resources['UndeliveredQueuePolicy']);
    for (const [name, { Properties }] of rules) {
      const [target] = Properties['Targets'] as { Arn: object; DeadLetterConfig: object }[];
      expect(target?.DeadLetterConfig).toEqual({ Arn: { 'Fn::GetAtt': ['UndeliveredQueue', 'Arn'] } });
      expect(Resources[`${name}Permission`]?.Properties).toEqual({
        Action: 'lambda:InvokeFunction',
        FunctionName: target?.Arn,
        Principal: 'events.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [name, 'Arn'] },
      });
      expect(policy).toContain(JSON.stringify({ 'Fn::GetAtt': [name, 'Arn'] }));
    }
  });
});

describe('an event of a service', () => {
  test('is read with every field that it may carry', () => {
    expect(RdsSnapshotEvent.parse(snapshotEvent(ID, { cluster: true })).detail).toMatchObject({ SourceIdentifier: ID, EventID: 'RDS-EVENT-0075' });
    expect(TaskStoppedEvent.parse(taskEvent(DUMP, { exitCode: 137 })).detail.containers[0]?.exitCode).toBe(137);
  });

  test('is refused when it is another or lacks what counts', () => {
    expect(() => RdsSnapshotEvent.parse(taskEvent(DUMP))).toThrow();
    expect(() => TaskStoppedEvent.parse(taskEvent(DUMP, { lastStatus: 'RUNNING' }))).toThrow();
  });
});
