import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalSigner } from '../../local/signer.ts';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import type { DumpManifest } from '../../src/backup/manifest.ts';
import { validationKey } from '../../src/backup/validation.ts';
import type { Finding } from '../../src/checks/finding.ts';
import type { Cloud } from '../../src/cloud/cloud.ts';
import type { DatabaseService, Instance } from '../../src/cloud/database-service.ts';
import type { Notification } from '../../src/cloud/notifier.ts';
import type { TaskRunner } from '../../src/cloud/task-runner.ts';
import { parseConfig } from '../../src/config/config.ts';
import { sha256Of } from '../../src/backup/digest.ts';
import type { DrillPlan } from '../../src/drill/contract.ts';
import type { Proof } from '../../src/drill/evidence.ts';
import { drillKey } from '../../src/drill/prove.ts';
import { requiredChecks } from '../../src/drill/required-checks.ts';
import { makeFinding } from './evidence.ts';

/**
 * A cloud without machines: a real bucket and a real signer, and a database service and worker that do as a scenario
 * says. For what the state machine does around them; what they do themselves is tested with real PostgreSQL.
 */
export interface ScriptedCloud extends Cloud {
  readonly store: DirectoryStore;
  readonly calls: string[];
  readonly told: Notification[];
  readonly tasks: TaskRunner;
  remove(): Promise<void>;
}

export interface Script {
  /** Each call throws or returns as the scenario wants; by default all goes well. */
  createInstance?: (call: number) => void;
  status?: (call: number) => Instance['status'] | undefined;
  deleteInstance?: (call: number) => void;
  prove?: (plan: DrillPlan) => Proof | undefined;
  publish?: (call: number) => void;
  sign?: (call: number) => void;
  yml?: string;
}

/** 20 November 2026, 12:00 UTC, and one second later at each question. */
export function steppingClock() {
  let now = Date.UTC(2026, 10, 20, 12, 0, 0);
  return { now: () => new Date((now += 1000)), sleep: async () => undefined };
}

export async function makeScriptedCloud(script: Script = {}): Promise<ScriptedCloud> {
  const home = await mkdtemp(join(tmpdir(), 'pgproof-scripted-'));
  const store = new DirectoryStore({ root: join(home, 'bucket') });
  const calls: string[] = [];
  const told: Notification[] = [];
  const signer = createLocalSigner(home);
  const count = (name: string) => calls.push(name) && calls.filter((each) => each === name).length;
  const databases = scriptedDatabases(script, count);
  return {
    store,
    databases,
    clock: steppingClock(),
    config: parseConfig(script.yml ?? '', 'pgproof.yml'),
    signer: {
      key: () => signer.key(),
      sign: async (message) => {
        const call = count('sign');
        script.sign?.(call);
        return await signer.sign(message);
      },
    },
    notifier: {
      publish: async (message) => {
        const call = count('publish');
        script.publish?.(call);
        told.push(message);
      },
    },
    programsFor: async () => {
      throw new TypeError('no program is run in a scripted cloud');
    },
    tasks: {
      run: async (task) => {
        count('prove');
        if (task.verb !== 'prove') throw new TypeError(`unexpected task ${task.verb}`);
        const proof = script.prove ? script.prove(task.plan) : goodProof(task.plan);
        if (proof) await store.put(drillKey(task.plan, 'proof.json'), JSON.stringify(proof));
      },
    },
    calls,
    told,
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

function scriptedDatabases(script: Script, count: (name: string) => number): DatabaseService {
  const asked = new Set<string>();
  const create = async ({ instanceId }: { instanceId: string }) => {
    const call = count('create');
    script.createInstance?.(call);
    asked.add(instanceId);
  };
  return {
    createInstance: create,
    restoreSnapshot: create,
    restoreToPointInTime: create,
    recoveryWindow: async () => undefined,
    describeInstance: async (instanceId) => {
      const call = count('describe');
      const status = script.status ? script.status(call) : asked.has(instanceId) ? 'available' : undefined;
      return status && { instanceId, status, createdAt: new Date(0), tags: {} };
    },
    deleteInstance: async (instanceId) => {
      const call = count('delete');
      script.deleteInstance?.(call);
      asked.delete(instanceId);
    },
    listInstances: async () => [],
    connection: async () => ({ host: '127.0.0.1', port: 1, user: 'nobody', password: '' }),
    describeSnapshot: async () => undefined,
    verifySnapshot: async () => ({ method: 'none', examined: 0, problems: [], bytes: 0 }),
  };
}

/** A proof in which every required check passed. */
export function goodProof(plan: DrillPlan, change: (finding: Finding) => Finding = (finding) => finding): Proof {
  const required = requiredChecks(plan.kind, parseConfig('databases: { shop: {} }', 'pgproof.yml').databases.shop as never);
  const findings = required.map((id, index): Finding => ({
    id,
    name: id,
    number: index + 1,
    status: 'passed',
    required: true,
    level: id === 'content-hash' ? 5 : id === 'row-count' ? 4 : 3,
    equality: true,
    examined: 7,
    detail: 'seven of seven',
  }));
  return {
    format: 1,
    drillId: plan.drillId,
    findings: findings.map(change),
    tables: [{ schema: 'shop', name: 'orders', bytes: 8192, expectedRows: '7', foundRows: '7', content: 'equal' }],
    timings: [{ stage: 'restore archive', beganAt: '2026-11-20T12:00:10.000Z', endedAt: '2026-11-20T12:00:12.000Z', seconds: 2 }],
    subjects: [{ role: 'archive', key: 'v1/shop/dumps/20261120T110000Z-test/archive.dump', bytes: 7, sha256: sha256Of('archive') }],
    tools: { server: '15.18' },
    errors: [],
    firstAnswerAt: '2026-11-20T12:00:13.000Z',
    scope: { examined: ['1 table'], notExamined: [] },
  };
}

/** Puts a dump into the store that says it was validated. Its files are not real; only the plan looks at it. */
export async function putValidatedDump({ store }: ScriptedCloud, backupId = '20261120T110000Z-test'): Promise<string> {
  const place = { kind: 'dump', database: 'shop', backupId } as const;
  const file = (name: string, text: string) => ({ key: `v1/shop/dumps/${backupId}/${name}`, bytes: text.length, sha256: sha256Of(text) });
  const manifest: DumpManifest = {
    format: 1,
    kind: 'dump',
    database: 'shop',
    backupId,
    beganAt: '2026-11-20T11:00:00.000Z',
    takenAt: '2026-11-20T11:00:01.000Z',
    endedAt: '2026-11-20T11:00:09.000Z',
    source: { database: 'shop', version: '15.18', major: 15, superuser: 'postgres', settings: { TimeZone: 'UTC' } },
    tools: { pg_dump: '15.18' },
    timings: {},
    archive: { ...file('archive.dump', 'archive'), format: 'custom', compression: 'gzip', partBytes: 8_388_608, parts: [{ bytes: 7, sha256: sha256Of('archive') }] },
    globals: file('globals.sql', ''),
    facts: file('facts.json', '{}'),
    tables: [{ schema: 'shop', name: 'orders', rows: '7' }],
  };
  const text = JSON.stringify(manifest);
  await store.put(`v1/shop/dumps/${backupId}/manifest.json`, text);
  const validation = { format: 1, ...place, status: 'valid', manifestSha256: sha256Of(text), validatedAt: '2026-11-20T11:00:20.000Z', milliseconds: 9, findings: [makeFinding({ id: 'archive-digest' })] };
  await store.put(validationKey(place), JSON.stringify(validation));
  return backupId;
}
