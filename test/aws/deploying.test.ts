import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateDBInstanceCommand, DeleteDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emulator } from './clients.ts';
import { makeDeployingCheckout, type DeployingCheckout, type Typed } from './deploying.ts';

const REGION = 'eu-west-3';
const REGISTRY = '123456789012.dkr.ecr.eu-west-3.amazonaws.com';
const IMAGE = `${REGISTRY}/pgproof-prod-worker:0.1.0`;
/** Whole deployments, on machines that have other things to do. */
const DEPLOYING = 400_000;

const STEPS = [
  ['info'],
  ['build', '--platform', 'linux/arm64', '--file', 'worker/Dockerfile', '--tag', IMAGE, '.'],
  ['login', '--username', 'AWS', '--password-stdin', REGISTRY],
  ['push', IMAGE],
  ['logout', REGISTRY],
];

describe('a deployment from an empty account to its removal', () => {
  let checkout: DeployingCheckout;
  let first: Typed;
  beforeAll(async () => {
    checkout = await makeDeployingCheckout(REGION);
    first = await checkout.type('npm run --silent deploy');
  }, DEPLOYING);
  afterAll(() => checkout?.remove());

  const stackExists = () =>
    new CloudFormationClient({ ...emulator(), region: REGION }).send(new DescribeStacksCommand({ StackName: 'pgproof-prod' })).then(() => true, () => false);

  test('makes the stack and pushes the image', async () => {
    expect([first.exitCode, first.stderr]).toEqual([0, expect.stringContaining('into account 123456789012, eu-west-3, as arn:aws:')]);
    expect(first.docker).toEqual(STEPS);
    expect(await stackExists()).toBe(true);
  });

  test('gives the password of the registry to docker on stdin, and to nobody else', () => {
    expect(first.password).toBe('123456789012-auth-token');
    expect([JSON.stringify(first.docker), first.stdout, first.stderr].filter((text) => text.includes('auth-token'))).toEqual([]);
  });

  test('says where the state machine is, who can be told, and how to begin', () => {
    expect(first.stdout).toMatch(/aws sns subscribe --region eu-west-3 --topic-arn arn:aws:sns:eu-west-3:123456789012:\S+ --protocol email/);
    expect(first.stdout).toMatch(/names the topic arn:aws:sns:eu-west-3:123456789012:\S+/);
    expect(first.stdout).toContain('--function-name pgproof-prod-dump');
    expect(first.stdout).toMatch(/Start execution with the input \{\} at\n\s+https:\/\/eu-west-3\.console\.aws\.amazon\.com\/states\/home\S+pgproof-prod-restore-drill/);
  });

  /** The deployment's own second half, in a program of its own: what comes before is the same each time. */
  const pushing = `node --input-type=module -e "
    const { main } = await import('./deploy/deploy.ts');
    const { openAccount } = await import('./deploy/account.ts');
    const { provideImage } = await import('./deploy/image.ts');
    const account = openAccount('eu-west-3');
    await main(() => provideImage({ account, engine: 'docker', stage: 'prod', repositoryUri: '${REGISTRY}/pgproof-prod-worker' }));"`;

  test.each([
    ['build', "build the worker's image", ['build']],
    ['login', `log in to ${REGISTRY}`, ['build', 'login']],
    // Whoever is logged in is logged out, also when the push failed.
    ['push', `push ${IMAGE}`, ['build', 'login', 'push', 'logout']],
    ['logout', `log out of ${REGISTRY}`, ['build', 'login', 'push', 'logout']],
  ])('ends with 1 and says so when docker %s fails', async (step, purpose, calls) => {
    const { exitCode, stderr, docker } = await checkout.type(pushing, { env: { DOCKER_FAILS: step } });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`docker cannot ${step}\n`)]);
    expect(stderr).toContain(`pgproof: could not ${purpose}: docker ended with 7\nHINT: `);
    expect(docker.map(([verb]) => verb)).toEqual(calls);
  });

  test('builds no image when pgproof.yml names one', { timeout: DEPLOYING }, async () => {
    await checkout.configure(await checkout.configuration('  worker: { image: registry.example.com/worker:1 }'));
    const { exitCode, stderr, docker } = await checkout.type('node deploy/deploy.ts');
    await checkout.configure(await checkout.configuration());
    expect([exitCode, docker, stderr]).toEqual([0, [], expect.stringContaining('the worker\'s image is registry.example.com/worker:1')]);
  });

  test('does not push a tag that is there', { timeout: DEPLOYING }, async () => {
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', layers: [] });
    await new ECRClient({ ...emulator(), region: REGION }).send(new PutImageCommand({ repositoryName: 'pgproof-prod-worker', imageTag: '0.1.0', imageManifest: manifest }));
    const second = await checkout.type('npm run --silent deploy');
    expect([second.exitCode, second.docker, second.password]).toEqual([0, [['info']], '']);
    expect(second.stderr).toContain("the worker's image of this version is there already");
    expect(second.stdout).toBe(first.stdout);
  });

  test('ends with 1 when the stack cannot be deployed', async () => {
    const { exitCode, stderr, docker } = await checkout.type('mv functions/restore-drill/restore-drill.asl.json away; node deploy/deploy.ts; code=$?; mv away functions/restore-drill/restore-drill.asl.json; exit $code');
    expect([exitCode, docker]).toEqual([1, [['info']]]);
    expect(stderr).toMatch(/pgproof: could not deploy the stack: \S*node ended with 1\nHINT: /);
  });

  describe('npm run remove', () => {
    test('removes nothing that was not confirmed', async () => {
      for (const input of ['', 'yes\n', 'pgproof-dev\n']) {
        const { exitCode, stderr } = await checkout.type('node deploy/remove.ts', { input });
        expect([exitCode, stderr]).toEqual([3, expect.stringContaining('not confirmed: nothing was removed')]);
      }
      expect(await stackExists()).toBe(true);
    });

    test('refuses while a throwaway instance is there that only the stack destroys', async () => {
      const rds = new RDSClient({ ...emulator(), region: REGION });
      const throwaway = 'pgproof-drill-20261120t050000z-ab12';
      const instance = { Engine: 'postgres', DBInstanceClass: 'db.t4g.medium', MasterUsername: 'owner', MasterUserPassword: 'not-a-secret', AllocatedStorage: 20 };
      await rds.send(new CreateDBInstanceCommand({ ...instance, DBInstanceIdentifier: throwaway, Tags: [{ Key: 'pgproof:throwaway', Value: 'true' }] }));
      await rds.send(new CreateDBInstanceCommand({ ...instance, DBInstanceIdentifier: 'shop-production' }));
      const { exitCode, stderr } = await checkout.type('node deploy/remove.ts --yes');
      for (const DBInstanceIdentifier of [throwaway, 'shop-production']) {
        await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier, SkipFinalSnapshot: true }));
      }
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`throwaway instance ${throwaway} is there\n    HINT: wait for its drill; if none runs: aws rds delete-db-instance`)]);
      expect(stderr).not.toContain('shop-production');
      expect(await stackExists()).toBe(true);
    });

    test('removes the stack and says what stays, with the commands for it', async () => {
      const { exitCode, stdout, stderr } = await checkout.type('npm run --silent remove', { input: 'pgproof-prod\n' });
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Type pgproof-prod to remove it: ')]);
      expect(stdout).toContain('aws ecr delete-repository --region eu-west-3 --repository-name pgproof-prod-worker --force');
      expect(stdout).toMatch(/aws s3api delete-bucket --region eu-west-3 --bucket pgproof-prod-\S+/);
      expect(stdout).toContain('aws kms schedule-key-deletion');
      expect(await stackExists()).toBe(false);
    });

    test('says when there is nothing to remove', async () => {
      const { exitCode, stderr } = await checkout.type('node deploy/remove.ts --stage dev --yes');
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining('there is no stack pgproof-dev in eu-west-3')]);
    });
  });
});
