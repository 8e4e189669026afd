import { expect, test } from 'vitest';
import { resolve } from '../package/resolve.ts';
import type { Deployed } from './deployed.ts';
import { appliesTo, isAllowed, toList, type Act, type Policy, type Statement } from './policy-simulation.ts';

const ROLES = ['ValidateRole', 'PlanRole', 'RestoreRole', 'DescribeInstanceRole', 'DestroyRole', 'ConfirmGoneRole', 'SealRole', 'ReportRole'];
const RDS = 'arn:aws:rds:eu-central-1:123456789012';

/** To run after everything else was asked of the functions: it judges what was recorded. */
export function testPolicies(deployed: () => Deployed): void {
  /** As they are in the template, with the names that `resolve` makes up for what the account names. */
  const policies = (role: string): Policy[] => {
    const { Properties } = deployed().template.Resources[role] ?? {};
    const inline = resolve(deployed().template, Properties?.['Policies']) as { PolicyDocument: Policy }[];
    return inline.map(({ PolicyDocument }) => PolicyDocument);
  };
  /** What was asked, in the same made-up names. */
  const asked = async (): Promise<(Act & { actor: string })[]> => {
    const names = await madeUpNames(deployed());
    return deployed().recorder.calls.flatMap(({ actor, action, resources, context }) =>
      resources.map((resource) => ({ actor, action, context, resource: names(resource) })),
    );
  };

  test('allow every function everything that it asked for', async () => {
    const acts = await asked();
    expect(new Set(acts.map(({ actor }) => actor))).toEqual(new Set(ROLES));
    const refused = [];
    for (const act of acts) if (!isAllowed(policies(act.actor), act)) refused.push(`${act.actor} ${act.action} ${act.resource}`);
    expect([...new Set(refused)]).toEqual([]);
  });

  test('allow no function what it never asks for', async () => {
    const acts = await asked();
    const unused = [];
    for (const role of ROLES) {
      const allowed = policies(role).flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow');
      for (const statement of allowed) {
        for (const action of toList(statement.Action)) {
          const used = acts.some((act) => act.actor === role && appliesTo({ ...statement, Action: action }, act));
          if (!used && !BY_OTHERS.has(action) && !UNSEEN[role]?.includes(action)) unused.push(`${role} ${action}`);
        }
      }
    }
    expect(unused).toEqual([]);
  });

  test.each<[string, Act]>([
    ['delete production', { action: 'rds:DeleteDBInstance', resource: `${RDS}:db:orders`, context: THROWAWAY() }],
    ['change production', { action: 'rds:ModifyDBInstance', resource: `${RDS}:db:orders`, context: THROWAWAY() }],
    ['tag production', { action: 'rds:AddTagsToResource', resource: `${RDS}:db:orders`, context: { 'aws:RequestTag/pgproof:throwaway': 'true' } }],
    ['stop production', { action: 'rds:StopDBInstance', resource: `${RDS}:db:orders` }],
    ['delete what is named like a throwaway but is not tagged so', { action: 'rds:DeleteDBInstance', resource: `${RDS}:db:pgproof-drill-x` }],
    ['change what is named like a throwaway but is not tagged so', { action: 'rds:ModifyDBInstance', resource: `${RDS}:db:pgproof-drill-x` }],
    ['take the tag off', { action: 'rds:RemoveTagsFromResource', resource: `${RDS}:db:pgproof-drill-x`, context: THROWAWAY() }],
    ['delete a snapshot', { action: 'rds:DeleteDBSnapshot', resource: `${RDS}:snapshot:orders-1` }],
    ['restore under a name of production', { action: 'rds:RestoreDBInstanceFromDBSnapshot', resource: `${RDS}:db:orders` }],
    ['make an instance open to the world', { action: 'rds:CreateDBInstance', resource: `${RDS}:db:pgproof-drill-x`, context: { 'rds:PubliclyAccessible': 'true' } }],
    ['restore an instance open to the world', { action: 'rds:RestoreDBInstanceFromDBSnapshot', resource: `${RDS}:db:pgproof-drill-x`, context: { 'rds:PubliclyAccessible': 'true' } }],
    ["read another database's secret", { action: 'secretsmanager:GetSecretValue', resource: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-orders-abc' }],
    ['delete a backup', { action: 's3:DeleteObject', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }],
    ['delete a version of a backup', { action: 's3:DeleteObjectVersion', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }],
    ['overwrite an archive', { action: 's3:PutObject', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }],
    ['overwrite a manifest', { action: 's3:PutObject', resource: 'BUCKET/v1/shop/dumps/1/manifest.json' }],
    ['shorten a lock', { action: 's3:PutObjectRetention', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }],
    ['get around a lock', { action: 's3:BypassGovernanceRetention', resource: 'BUCKET/v1/shop/dumps/1/archive.dump' }],
    ['open the bucket', { action: 's3:PutBucketPolicy', resource: 'BUCKET' }],
    ['delete the key', { action: 'kms:ScheduleKeyDeletion', resource: 'arn:aws:kms:eu-central-1:123456789012:key/1' }],
    ['take another role', { action: 'iam:PassRole', resource: 'arn:aws:iam::123456789012:role/admin' }],
    ['publish elsewhere', { action: 'sns:Publish', resource: 'arn:aws:sns:eu-central-1:123456789012:orders' }],
  ])('let no function %s', (_, act) => {
    const resource = act.resource.replace('BUCKET', 'arn:aws:s3:::backupbucket');
    for (const role of ROLES) expect([role, isAllowed(policies(role), { ...act, resource })]).toEqual([role, false]);
  });

  test('let nobody at all rewrite what counts, and keep no function from writing it once', async () => {
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
    const written = (await asked()).filter(({ action, resource }) => action.startsWith('s3:') && /(validation|evidence)\.json$/.test(resource));
    expect(written.length).toBeGreaterThan(1);
    expect(written.filter(denies)).toEqual([]);
  });

  test('would show a right too many and a right too few', () => {
    const destroy = policies('DestroyRole');
    const act = { action: 'rds:DeleteDBInstance', resource: `${RDS}:db:orders`, context: THROWAWAY() };
    const everything: Policy = { Statement: [{ Effect: 'Allow', Action: 'rds:*', Resource: '*' }] };
    expect(isAllowed([everything], act)).toBe(true);
    expect(isAllowed([...destroy, everything], act)).toBe(false); // the explicit Deny holds even then
    expect(isAllowed(destroy, { ...act, resource: `${RDS}:db:pgproof-drill-x` })).toBe(true);
    expect(isAllowed([], { ...act, resource: `${RDS}:db:pgproof-drill-x` })).toBe(false);
  });
}

function THROWAWAY(): Record<string, string> {
  return { 'aws:ResourceTag/pgproof:throwaway': 'true' };
}

/** Done in the role's name by the service itself, where no request of ours shows it. */
const BY_OTHERS = new Set(['logs:CreateLogStream', 'logs:PutLogEvents', 'sqs:SendMessage']);

/** What the code does and these runs do not: each with its reason. */
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  // Only for a snapshot whose manifest is whole.
  ValidateRole: ['rds:DescribeDBSnapshots'],
};

/** Translates the names of the account into those that `resolve` makes up, by what both say of a function's environment. */
async function madeUpNames(deployed: Deployed): Promise<(resource: string) => string> {
  const real = await deployed.environment('validate');
  const { Properties } = deployed.template.Resources['ValidateLambdaFunction'] ?? {};
  const { Variables } = resolve(deployed.template, Properties?.['Environment']) as { Variables: Record<string, string> };
  const pairs = ['PGPROOF_BUCKET', 'PGPROOF_PEOPLE_TOPIC_ARN', 'PGPROOF_CHAT_TOPIC_ARN', 'PGPROOF_SIGNING_KEY_ARN'].map(
    (name) => [real[name] ?? '', Variables[name] ?? ''] as const,
  );
  // A key is asked for by whatever name it answered to.
  const signingKey = (real['PGPROOF_SIGNING_KEY_ARN'] ?? '').split('/').at(-1) ?? '';
  return (resource) => {
    if (resource === 'BackupKey') return 'arn:aws:kms:eu-central-1:123456789012:key/BackupKey';
    if (resource.includes(signingKey)) return Variables['PGPROOF_SIGNING_KEY_ARN'] ?? '';
    return pairs.reduce((text, [name, made]) => text.replace(name, made), resource);
  };
}
