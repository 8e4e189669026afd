import { expect, test } from 'vitest';
import { resolve } from '../package/resolve.ts';
import type { Deployed } from './deployed.ts';
import { FORBIDDEN, THROWAWAY } from './forbidden-acts.ts';
import { derivedActs, policiesOf, recordedActs, rolesIn } from './policy-acts.ts';
import { appliesTo, isAllowed, toList, type Act, type Policy, type Statement } from './policy-simulation.ts';

/** To run after everything else was asked of functions and tasks: it judges what was recorded. */
export function testPolicies(deployed: () => Deployed): void {
  const policies = (role: string): Policy[] => policiesOf(deployed(), role);
  const used = async () => [...(await recordedActs(deployed())), ...derivedActs(deployed())];

  test('allow every role everything that it is used for', async () => {
    const acts = await used();
    expect([...new Set(acts.map(({ actor }) => actor))].toSorted()).toEqual(rolesIn(deployed()).toSorted());
    const refused = acts.filter((act) => !isAllowed(policies(act.actor), act)).map(({ actor, action, resource }) => `${actor} ${action} ${resource}`);
    expect([...new Set(refused)]).toEqual([]);
  });

  test('allow no role what it is never used for', async () => {
    const acts = await used();
    const unused = [];
    for (const role of rolesIn(deployed())) {
      const allowed = policies(role).flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow');
      for (const statement of allowed) {
        for (const action of toList(statement.Action)) {
          const isUsed = acts.some((act) => act.actor === role && appliesTo({ ...statement, Action: action }, act));
          if (!isUsed && !isExplained(role, statement.Sid ?? '', action)) unused.push(`${role} ${statement.Sid ?? ''} ${action}`);
        }
      }
    }
    expect(unused).toEqual([]);
  });

  test.each(FORBIDDEN.map(({ what, ...rest }) => [what, rest] as const))('let no role %s', (_, { act, except = [] }) => {
    const resource = act.resource.replace('BUCKET', 'arn:aws:s3:::backupbucket');
    const allowed = rolesIn(deployed()).filter((role) => isAllowed(policies(role), { ...act, resource }));
    expect(allowed.toSorted()).toEqual([...except].toSorted());
  });

  test('let nobody at all rewrite what counts, and keep nobody from writing it once', async () => {
    const { Properties } = deployed().template.Resources['BackupBucketPolicy'] ?? {};
    const { Statement } = resolve(deployed().template, Properties?.['PolicyDocument']) as { Statement: (Statement & { Principal: string })[] };
    expect(Statement.map(({ Effect, Principal }) => [Effect, Principal])).toEqual(Statement.map(() => ['Deny', '*']));
    const denies = (act: Act): boolean => Statement.some(({ Principal, ...statement }) => Principal === '*' && appliesTo(statement, act));
    const creation = { 's3:ObjectCreationOperation': 'true' };
    for (const name of ['dumps/1/manifest.json', 'dumps/1/validation.json', 'drills/1/evidence.json']) {
      const put = { action: 's3:PutObject', resource: `arn:aws:s3:::backupbucket/v1/shop/${name}` };
      expect(denies({ ...put, context: creation })).toBe(true);
      expect(denies({ ...put, context: { ...creation, 's3:if-none-match': '*' } })).toBe(false);
    }
    const acts = await recordedActs(deployed());
    const written = acts.filter(({ action, resource }) => action === 's3:PutObject' && /(manifest|validation|evidence)\.json$/.test(resource));
    expect(new Set(written.map(({ actor }) => actor))).toEqual(new Set(['ValidateRole', 'SealRole', 'DatabaseShopSourceRole', 'ValidateTaskRole', 'SnapshotCreatedRole']));
    expect(written.filter(denies)).toEqual([]);
  });

  test('would show a right too many and a right too few', () => {
    const destroy = policies('DestroyRole');
    const act = { action: 'rds:DeleteDBInstance', resource: 'arn:aws:rds:eu-central-1:123456789012:db:orders', context: THROWAWAY };
    const everything: Policy = { Statement: [{ Effect: 'Allow', Action: 'rds:*', Resource: '*' }] };
    expect(isAllowed([everything], act)).toBe(true);
    expect(isAllowed([...destroy, everything], act)).toBe(false); // the explicit Deny holds even then
    const own = act.resource.replace('orders', 'pgproof-drill-x');
    expect(isAllowed(destroy, { ...act, resource: own })).toBe(true);
    expect(isAllowed([], { ...act, resource: own })).toBe(false);
  });
}

/** Done in the role's name by the service itself, where no request of ours shows it. */
const BY_OTHERS = new Set([
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'sqs:SendMessage',
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
]);

/** What the code does and these runs do not: role, statement and action as patterns, each with its reason. */
const UNSEEN: readonly (readonly [role: RegExp, sid: RegExp, action: RegExp])[] = [
  // Only where the owner encrypts the secret with a key of their own.
  [/^(Database\w+SourceRole|WebhookRole)$/, /^Decrypt(ItsPassword|TheAddress)$/, /^kms:Decrypt$/],
  // Said by RDS itself when a token is used: it is no call.
  [/^DatabaseLedgerSourceRole$/, /^LogInWithoutPassword$/, /^rds-db:connect$/],
  // The same lines as shop's, of the same generator; nothing can be read of a cluster behind whose name nobody answers.
  [/^DatabaseLedgerSourceRole$/, /^(FindObjects|ReadObjects|WriteObjects|EncryptAndDecrypt)$/, /./],
  // Only where an upload breaks off.
  [/^DatabaseShopSourceRole$/, /^WriteObjects$/, /^s3:AbortMultipartUpload$/],
  // Only where something is missing: without it S3 would say that access is denied.
  [/^ProveTaskRole$/, /^FindObjects$/, /^s3:ListBucket$/],
  // Only of a snapshot, whose facts the emulator's copy has nothing to do with.
  [/^(ProveTaskRole|DescribeInstanceRole)$/, /^LookAt(Cluster)?Snapshots$/, /./],
  [/^(ValidateRole|SnapshotCreatedRole)$/, /^LookAt(Own)?ClusterSnapshots$/, /./],
  // Only when an instance has failed that was made of a snapshot: its manifest is read then.
  [/^DescribeInstanceRole$/, /^(ReadObjects|Decrypt)$/, /./],
  // Only of a drill in a cluster.
  [/^ProveTaskRole$/, /^(LookAtThrowawayClusters|ReadPasswordsOfThrowawayClusters)$/, /./],
  // Only when what is to be destroyed could not be destroyed at first.
  [/^ConfirmGoneRole$/, /^DestroyThrowaway(s|Clusters)$/, /^rds:DeleteDB/],
  // Only when ECS refuses the task, which people are told once.
  [/^DumpRole$/, /^(WriteObjects|EncryptAndDecrypt|TellPeople|ReadObjects)$/, /^(s3:PutObject|kms:GenerateDataKey|sns:Publish)$/],
];

function isExplained(role: string, sid: string, action: string): boolean {
  return BY_OTHERS.has(action) || UNSEEN.some(([roles, sids, actions]) => roles.test(role) && sids.test(sid) && actions.test(action));
}
