import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Packaged } from './packaging.ts';
import { resolve } from './resolve.ts';

interface Alarm {
  readonly AlarmName?: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
  readonly AlarmActions: readonly string[];
  readonly OKActions: readonly string[];
}

/** Those that are there once; the ones by age are tested with the databases. */
export function testAlarms(packaged: () => Packaged): void {
  const resources = (type: string) => Object.entries(packaged().template.Resources).filter(([, { Type }]) => Type === type);
  const alarms = (namespace: string): Alarm[] =>
    resources('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => resolve(packaged().template, Properties) as Alarm)
      .filter(({ Namespace }) => Namespace === namespace);

  test('go off for a drill that failed, timed out or was stopped', () => {
    const drill = alarms('AWS/States');
    expect(drill.map(({ MetricName }) => MetricName)).toEqual(['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted']);
    for (const { Dimensions } of drill) {
      expect(Dimensions).toEqual([{ Name: 'StateMachineArn', Value: 'arn:aws:states:eu-central-1:123456789012:RestoreDrill' }]);
    }
  });

  test('go off for every function that fails, unless the machine retries and tells of it', () => {
    const named = alarms('AWS/Lambda').map(({ Dimensions }) => Dimensions[0]?.Value).sort();
    const functions = resources('AWS::Lambda::Function')
      .filter(([, { Properties }]) => !String(Properties['Handler']).includes('restore-drill/'))
      .map(([, { Properties }]) => Properties['FunctionName']);
    expect(named).toEqual(functions.sort());
    expect(named).toContain('pgproof-prod-validate');
    expect(named.length).toBeGreaterThanOrEqual(7);
  });

  test('go off for one message in any queue, since every queue holds what went wrong', () => {
    const watched = alarms('AWS/SQS').map(({ Dimensions }) => Dimensions[0]?.Value);
    expect(watched.sort()).toEqual(resources('AWS::SQS::Queue').map(([name]) => `${name.toLowerCase()}.queuename`).sort());
    expect(watched.length).toBeGreaterThanOrEqual(2);
  });

  test('watch only what the code measures under that name', () => {
    const text = readFileSync(join(import.meta.dirname, '../../src/cloud/metric.ts'), 'utf8');
    const measured = [...text.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, name]) => name);
    expect(alarms('pgproof').length).toBeGreaterThanOrEqual(4);
    expect(alarms('pgproof').filter(({ MetricName }) => !measured.includes(MetricName))).toEqual([]);
    const { DashboardBody } = resolve(packaged().template, packaged().template.Resources['Dashboard']?.Properties) as { DashboardBody: string };
    const shown = [...DashboardBody.matchAll(/\["pgproof","(\w+)"/g)].map(([, name]) => name);
    expect(shown.length).toBeGreaterThanOrEqual(10);
    expect(shown.filter((name) => !measured.includes(name))).toEqual([]);
  });

  test('are headed by a name that says what is wrong, each by another', () => {
    const names = ['pgproof', 'AWS/States', 'AWS/Lambda', 'AWS/SQS'].flatMap(alarms).flatMap(({ AlarmName }) => AlarmName ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['backup-age-dump-shop', 'proven-age-snapshot-shop', 'drill-failed', 'function-validate', 'queue-UndeliveredQueue'].map((name) => `pgproof-prod-${name}`)));
  });

  test('tell people and chat when they go off and when it is over', () => {
    const all = ['pgproof', 'AWS/States', 'AWS/Lambda', 'AWS/SQS'].flatMap(alarms);
    const topics = ['arn:aws:sns:eu-central-1:123456789012:PeopleTopic', 'arn:aws:sns:eu-central-1:123456789012:ChatTopic'];
    expect(all).toHaveLength(resources('AWS::CloudWatch::Alarm').length);
    for (const { AlarmActions, OKActions } of all) expect([AlarmActions, OKActions]).toEqual([topics, topics]);
  });

  test('take one failure for enough, and silence of what nobody called for no failure', () => {
    for (const alarm of ['AWS/States', 'AWS/Lambda', 'AWS/SQS'].flatMap(alarms)) {
      expect(alarm).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold', TreatMissingData: 'notBreaching' });
    }
  });

  test('have a dashboard beside them that shows what they watch', () => {
    const { DashboardBody } = resolve(packaged().template, packaged().template.Resources['Dashboard']?.Properties) as { DashboardBody: string };
    const { widgets } = JSON.parse(DashboardBody) as { widgets: { x: number; width: number; properties: { title: string; region: string; metrics: string[][] } }[] };
    expect(widgets.map(({ properties: { title, metrics } }) => [title, metrics.length])).toEqual([
      ['Age of the newest valid backup, seconds', 2],
      ['Time since the last PROVEN, seconds', 2],
      ['Time from the decision to restore to an answering copy, seconds', 2],
      ['Verdicts', 6],
      ['Drills', 5],
      ['Undelivered', 2],
    ]);
    expect(widgets[0]?.properties.metrics).toEqual([
      ['pgproof', 'BackupAgeSeconds', 'Database', 'shop', 'Kind', 'dump'],
      ['pgproof', 'BackupAgeSeconds', 'Database', 'shop', 'Kind', 'snapshot'],
    ]);
    for (const { x, width, properties } of widgets) expect([x + width <= 24, properties.region]).toEqual([true, 'eu-central-1']);
  });
}
