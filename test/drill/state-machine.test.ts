import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { DRILL_DEFINITION, drillSubstitutions, runDrill, type DrillEnd } from '../../local/drill-machine.ts';
import { loadDefinition, placeholdersIn, walkStates } from '../../local/state-machine/definition.ts';
import type { DrillInput } from '../../src/drill/contract.ts';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import { readEvidence } from '../../src/drill/chain.ts';
import * as errors from '../../src/errors.ts';
import { goodProof, makeScriptedCloud, putValidatedDump, type Script, type ScriptedCloud } from '../helpers/scripted-cloud.ts';

const made: ScriptedCloud[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((cloud) => cloud.remove()));
});

interface Outcome extends DrillEnd {
  readonly cloud: ScriptedCloud;
  readonly visited: string[];
  readonly body: EvidenceBody | undefined;
}

async function play(script: Script, { input = {}, dumps = 1, signal = new AbortController().signal }: { input?: DrillInput; dumps?: number; signal?: AbortSignal } = {}): Promise<Outcome> {
  const cloud = await makeScriptedCloud(script);
  made.push(cloud);
  if (dumps > 0) await putValidatedDump(cloud);
  const visited: string[] = [];
  const ended = await runDrill({
    cloud,
    tasks: cloud.tasks,
    drillId: '20261120T120000Z-dril',
    input,
    signal,
    pauseMilliseconds: 1,
    onEvent: ({ type, state }) => void (type === 'StateEntered' && state && visited.push(state.name)),
  });
  const evidence = ended.result && (await readEvidence(cloud.store, ended.result.evidenceKey));
  return { ...ended, cloud, visited, body: evidence?.body };
}

function refuse(error: Error): () => never {
  return () => {
    throw error;
  };
}

describe('the restore-drill state machine', () => {
  it('goes from {} to Proven, destroys before it seals, and tells people once', async () => {
    const { end, body, visited, cloud } = await play({});
    expect(end).toMatchObject({ status: 'SUCCEEDED', output: { verdict: 'PROVEN', assurance: 'L5', cleanup: 'verified' } });
    expect(body).toMatchObject({ verdict: 'PROVEN', cleanup: { status: 'verified' }, errors: [], backup: { id: '20261120T110000Z-test' } });
    expect(visited).toEqual([
      'Begin', 'Plan', 'Attempt', 'ReadsSource', 'NeedsInstance', 'Restore', 'WaitForInstance', 'DescribeInstance', 'IsAvailable', 'DescribeTask', 'Prove',
      'Destroy', 'WaitUntilGone', 'ConfirmGone', 'IsGone', 'Seal', 'Report', 'Verdict', 'Proven',
    ]);
    expect(cloud.told.map(({ event }) => event)).toEqual(['drill.proven']);
    expect(cloud.calls.filter((call) => call === 'delete')).toHaveLength(1);
  });

  it('waits as long as the instance is being created', async () => {
    const { body, visited } = await play({ status: (call) => (call < 4 ? 'creating' : call === 4 ? 'available' : undefined) });
    expect(body?.verdict).toBe('PROVEN');
    expect(visited.filter((state) => state === 'WaitForInstance')).toHaveLength(4);
  });

  it('waits until the instance is gone, however long it takes to go', async () => {
    const { body, visited } = await play({ status: (call) => (call === 1 ? 'available' : call < 5 ? 'deleting' : undefined) });
    expect(body).toMatchObject({ verdict: 'PROVEN', cleanup: { status: 'verified' } });
    expect(visited.filter((state) => state === 'ConfirmGone')).toHaveLength(4);
  });

  it('ends Failed when a required check failed', async () => {
    const broken = (plan: Parameters<typeof goodProof>[0]) =>
      goodProof(plan, (finding) => (finding.id === 'row-count' ? { ...finding, status: 'failed', cause: 'backup', detail: 'shop.orders: 6 rows, expected 7' } : finding));
    const { end, body } = await play({ prove: broken });
    expect(end).toMatchObject({ status: 'FAILED', error: 'DrillFailed' });
    expect(body?.verdict).toBe('FAILED');
  });

  it('ends NotProven when a required check is missing', async () => {
    const { end, body } = await play({ prove: (plan) => ({ ...goodProof(plan), findings: goodProof(plan).findings.slice(1) }) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'DrillNotProven' });
    expect(body).toMatchObject({ verdict: 'NOT PROVEN' });
  });
});

describe('every Catch', () => {
  it('of Plan: without any backup there is sealed evidence all the same, and nothing to clean', async () => {
    const { end, body, visited, cloud } = await play({}, { input: { database: 'shop' }, dumps: 0 });
    expect(end).toMatchObject({ status: 'FAILED', error: 'DrillFailed' });
    expect(body).toMatchObject({
      verdict: 'FAILED',
      cleanup: { status: 'nothing to clean' },
      errors: [{ state: 'Plan', name: 'NoBackupError', origin: 'backup' }],
    });
    expect(visited).not.toContain('Destroy');
    expect(cloud.told).toHaveLength(1);
  });

  it('of Attempt: an instance that is refused is asked for again twice, then NOT PROVEN, and destroyed all the same', async () => {
    const { end, body, cloud } = await play({ createInstance: refuse(new errors.InstanceRefusedError('no capacity')) });
    expect(end).toMatchObject({ error: 'DrillNotProven' });
    expect(body).toMatchObject({ verdict: 'NOT PROVEN', errors: [{ state: 'Attempt', name: 'InstanceRefusedError', origin: 'environment', message: 'no capacity' }] });
    expect(cloud.calls.filter((call) => call === 'create')).toHaveLength(3);
    expect(cloud.calls).toContain('delete');
  });

  it('of Attempt: an instance that fails ends NOT PROVEN and is destroyed', async () => {
    const { body, cloud } = await play({ status: (call) => (call === 1 ? 'failed' : undefined) });
    expect(body).toMatchObject({ verdict: 'NOT PROVEN', cleanup: { status: 'verified' }, errors: [{ name: 'InstanceFailedError' }] });
    expect(cloud.calls).toContain('delete');
  });

  it('of Attempt: a worker that dies without a word ends NOT PROVEN and the instance is destroyed', async () => {
    const dead = refuse(new errors.TaskFailedError('the prove task ended with SIGKILL', 'environment'));
    const { body, visited } = await play({ prove: dead });
    expect(body).toMatchObject({ verdict: 'NOT PROVEN', errors: [{ state: 'Attempt', message: 'the prove task ended with SIGKILL' }] });
    expect(visited).toContain('Destroy');
  });

  it('of Destroy: six more tries, then the evidence says that cleanup failed, and a proof is no success', async () => {
    const { end, body, cloud } = await play({ deleteInstance: refuse(new errors.CleanupFailedError('i', 'access denied')) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'DrillCleanupFailed' });
    expect(body).toMatchObject({ verdict: 'PROVEN', cleanup: { status: 'failed' }, errors: [{ state: 'Destroy', name: 'CleanupFailedError' }] });
    expect(cloud.calls.filter((call) => call === 'delete')).toHaveLength(7);
    expect(cloud.told[0]?.severity).toBe('warning');
  });

  it('of ConfirmGone: what cannot be looked for is not gone', async () => {
    const { end, body } = await play({ status: (call) => (call === 1 ? 'available' : refuse(new errors.StoreReadError('x', 'throttled'))()) });
    expect(end).toMatchObject({ error: 'DrillCleanupFailed' });
    expect(body?.cleanup.status).toBe('failed');
  });

  it('of Seal: without a signature there is no evidence, people are told so, and nothing is Proven', async () => {
    const { end, result, cloud } = await play({ sign: refuse(new errors.SigningKeyError('no key')) });
    expect(end).toEqual({ status: 'FAILED', error: 'EvidenceUnsealed', cause: 'The drill ended without sealed evidence; the state Seal says why.' });
    expect(result).toBeUndefined();
    expect(cloud.told.map(({ event, severity }) => [event, severity])).toEqual([['drill.unsealed', 'bad']]);
  });

  it('of Report: when nobody can be told, the execution fails although the evidence is sealed', async () => {
    const { end, body } = await play({ publish: refuse(new Error('no topic')) });
    expect(end).toMatchObject({ status: 'FAILED', error: 'ReportNotDelivered' });
    expect(body?.verdict).toBe('PROVEN');
  });

  it('after a stop: nothing new is begun, and sealing still happens', async () => {
    const controller = new AbortController();
    const stopping: Script = { createInstance: () => controller.abort(new errors.InterruptedError('stopped by SIGINT')) };
    const { body, cloud } = await play(stopping, { signal: controller.signal });
    expect(body).toMatchObject({ verdict: 'NOT PROVEN', errors: [{ name: 'InterruptedError', origin: 'environment' }] });
    expect(cloud.calls).toContain('delete');
    expect(cloud.calls).not.toContain('prove');
  });
});

describe('the file', () => {
  const text = readFileSync(DRILL_DEFINITION, 'utf8');
  const machine = loadDefinition(DRILL_DEFINITION, drillSubstitutions());

  it('uses exactly the placeholders that the laptop fills', () => {
    expect(placeholdersIn(text)).toEqual(Object.keys(drillSubstitutions()).sort());
  });

  it('gives every Task a time-out and a Retry, and a Catch of its own or of the try block', () => {
    const tasks = [...walkStates(machine)].filter(([, state]) => state.Type === 'Task');
    expect(tasks.map(([name]) => name)).toHaveLength(9);
    const inside = new Set(Object.keys(machine.States.Attempt?.Branches?.[0]?.States ?? {}));
    for (const [name, state] of tasks) {
      expect(state.TimeoutSeconds, name).toBeTypeOf('number');
      expect(state.Retry, name).toBeInstanceOf(Array);
      expect(state.Catch !== undefined || inside.has(name), name).toBe(true);
    }
    expect(machine.States.Attempt?.Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'Destroy' }]);
  });

  it('names only errors that AWS or pgproof throws', () => {
    const own = new Set(Object.keys(errors));
    const named = [...text.matchAll(/"ErrorEquals": \[([^\]]*)\]/g)].flatMap((match) => JSON.parse(`[${match[1]}]`) as string[]);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !own.has(name) && !/^(States|Lambda|ECS|AmazonECS)\./.test(name))).toEqual([]);
  });
});
