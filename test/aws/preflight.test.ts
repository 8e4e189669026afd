import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateRepositoryCommand, DeleteRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { emulator } from './clients.ts';
import { makeDeployingCheckout, type DeployingCheckout } from './deploying.ts';

describe('npm run deploy, before anything is changed', () => {
  let checkout: DeployingCheckout;
  beforeAll(async () => {
    checkout = await makeDeployingCheckout('eu-west-1');
  });
  afterEach(async () => checkout.configure(await checkout.configuration()));
  afterAll(() => checkout?.remove());

  const deploy = (env: Record<string, string> = {}) => checkout.type('node deploy/deploy.ts', { env });

  test('tells every fault at once, each with what to do', async () => {
    await checkout.configure((await checkout.configuration('  bukket: {}')).replace('shop-AbCdEf', 'shop-AbCdEf\n      sekret: 1'));
    const { exitCode, stderr } = await deploy({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', DOCKER_FAILS: 'info' });
    expect(exitCode).toBe(3);
    const said = stderr.split('\n').map((line) => line.trim());
    expect(said).toEqual(
      expect.arrayContaining([
        'pgproof: 4 faults:',
        'pgproof.yml: databases.shop.source.sekret: unknown key',
        'pgproof.yml: aws.bukket: unknown key',
        expect.stringMatching(/^no account: CredentialsProviderError: /) as string,
        'docker is here, but `docker info` fails',
        'HINT: aws sts get-caller-identity; then aws configure, aws sso login or AWS_PROFILE',
      ]),
    );
    expect(said.filter((line) => line.startsWith('HINT: '))).toHaveLength(4);
  });

  test('refuses what only a deployment cannot take', async () => {
    await checkout.configure((await checkout.configuration()).replace('secretsmanager:eu-west-1', 'secretsmanager:eu-north-1'));
    const { exitCode, stderr } = await deploy();
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('databases.shop.source.secret: is in another Region than aws.region, eu-west-1')]);
  });

  test('refuses a Region that is not that of pgproof.yml', async () => {
    const { exitCode, stderr } = await deploy({ AWS_DEFAULT_REGION: 'eu-north-1' });
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('AWS_DEFAULT_REGION is eu-north-1, but aws.region in pgproof.yml is eu-west-1')]);
    expect(stderr).toContain('HINT: unset AWS_DEFAULT_REGION');
  });

  test('refuses a machine that cannot build the image', async () => {
    const { exitCode, stderr } = await checkout.type(`PATH= ${process.execPath} deploy/deploy.ts`);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("none of docker, podman, finch is here, and the worker's image must be built")]);
  });

  test('refuses a repository that an earlier stack left', async () => {
    const client = new ECRClient({ ...emulator(), region: 'eu-west-1' });
    await client.send(new CreateRepositoryCommand({ repositoryName: 'pgproof-prod-worker' }));
    const { exitCode, stderr } = await deploy();
    await client.send(new DeleteRepositoryCommand({ repositoryName: 'pgproof-prod-worker', force: true }));
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('repository pgproof-prod-worker is there from a stack that was removed or rolled back')]);
    expect(stderr).toContain('HINT: aws ecr delete-repository --region eu-west-1 --repository-name pgproof-prod-worker --force');
  });

  test('refuses options that it does not know, and stages that no name could hold', async () => {
    const unknown = await checkout.type('node deploy/deploy.ts --stge dev');
    expect([unknown.exitCode, unknown.stderr]).toEqual([3, expect.stringContaining('--stge')]);
    const stage = await checkout.type('node deploy/deploy.ts --stage Dev_1');
    expect([stage.exitCode, stage.stderr]).toEqual([3, expect.stringContaining('--stage Dev_1: expected up to 16 of a-z and 0-9, a letter first')]);
  });

  test('builds the layer when it is missing, and begins nothing when that fails', async () => {
    const [layer, recipe] = [join(checkout.directory, 'layers/pg-tools/build'), join(checkout.directory, 'layers/pg-tools/build.ts')];
    await rename(layer, `${layer}.away`);
    await rename(recipe, `${recipe}.away`);
    await writeFile(recipe, "process.stderr.write(`no archive for ${process.argv[2]}\\n`); process.exitCode = 5;");
    const { exitCode, stderr, docker } = await deploy();
    await rm(recipe);
    await rename(`${recipe}.away`, recipe);
    await rename(`${layer}.away`, layer);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('no archive for arm64');
    expect(stderr).toContain('could not build layers/pg-tools/build/arm64');
    expect(docker).toEqual([['info']]);
  });

  test('warns that another endpoint gets what is meant for AWS', async () => {
    const { stderr } = await deploy({ DOCKER_FAILS: 'info' });
    expect(stderr).toMatch(/warning: AWS_ENDPOINT_URL is set: what follows goes to http:\/\/127\.0\.0\.1:\d+ and not to AWS/);
  });
});
