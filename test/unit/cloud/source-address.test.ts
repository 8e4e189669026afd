import { describe, expect, it } from 'vitest';
import { sourceAddress, type SourceAddressSetting } from '../../../src/cloud/aws/source-address.ts';
import type { SourceConfig } from '../../../src/config/source.ts';
import { withFreshLogin } from '../../../src/postgres/address.ts';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf';
const INSTANCE = { DBInstanceStatus: 'available', Endpoint: { Address: 'shop.abc.eu-central-1.rds.amazonaws.com', Port: 5433 } };
const CLUSTER = { Status: 'available', Endpoint: 'ledger.cluster-abc.eu-central-1.rds.amazonaws.com', Port: 5432 };

function failing(name: string) {
  return Object.assign(new Error('text of AWS'), { name });
}

/** AWS as far as a source needs it; `answers` by the name of the command, an error is thrown. */
function setting(answers: Readonly<Record<string, unknown>>, more: Partial<SourceAddressSetting> = {}) {
  const asked: unknown[] = [];
  const send = async (command: { readonly input: unknown; readonly constructor: { readonly name: string } }) => {
    asked.push(command.input);
    const answer = answers[command.constructor.name];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  let tokens = 0;
  const service = {
    rds: { send } as unknown as SourceAddressSetting['rds'],
    secrets: { send } as unknown as SourceAddressSetting['secrets'],
    signToken: async ({ hostname, port, username }: { hostname: string; port: number; username: string }) => `${username}@${hostname}:${port}#${(tokens += 1)}`,
    rdsCertificates: '/opt/rds.pem',
    publicCertificates: '/opt/public.pem',
    ...more,
  };
  return { service, asked };
}

function find(source: SourceConfig | undefined, answers: Readonly<Record<string, unknown>> = {}, more: Partial<SourceAddressSetting> = {}) {
  return sourceAddress('shop', source, setting(answers, more).service);
}

const secretOf = (text: string) => ({ SecretString: text });
const LOGIN = secretOf('{"username":"reader","password":"geheim","host":"somewhere.else"}');

describe('the address of a source', () => {
  it('in RDS is its endpoint, verified against the authorities of RDS', async () => {
    const { service, asked } = setting({ DescribeDBInstancesCommand: { DBInstances: [INSTANCE] }, GetSecretValueCommand: LOGIN });
    const { freshLogin, ...address } = await sourceAddress('shop', { rds: 'shop-prod', database: 'shop', secret: SECRET }, service);
    expect(address).toEqual({
      host: 'shop.abc.eu-central-1.rds.amazonaws.com',
      port: 5433,
      user: 'reader',
      database: 'shop',
      sslMode: 'verify-full',
      sslRootCert: '/opt/rds.pem',
    });
    expect(await freshLogin?.()).toEqual({ user: 'reader', password: 'geheim' });
    expect(asked).toEqual([{ DBInstanceIdentifier: 'shop-prod' }, { SecretId: SECRET }, { SecretId: SECRET }]);
  });

  it('in Aurora is the endpoint of the cluster', async () => {
    const { service, asked } = setting({ DescribeDBClustersCommand: { DBClusters: [CLUSTER] }, GetSecretValueCommand: LOGIN });
    const address = await sourceAddress('shop', { aurora: 'ledger', database: 'books', secret: SECRET }, service);
    expect(address).toMatchObject({ host: 'ledger.cluster-abc.eu-central-1.rds.amazonaws.com', port: 5432, database: 'books', sslMode: 'verify-full' });
    expect(asked[0]).toEqual({ DBClusterIdentifier: 'ledger' });
  });

  it('by IAM asks for another token before each connection', async () => {
    const iam = { user: 'pgproof', resourceId: 'db-ABC' };
    const address = await find({ rds: 'shop-prod', database: 'shop', iam }, { DescribeDBInstancesCommand: { DBInstances: [INSTANCE] } });
    expect(address.password).toBeUndefined();
    const endpoint = 'pgproof@shop.abc.eu-central-1.rds.amazonaws.com:5433';
    expect(await withFreshLogin(address)).toMatchObject({ user: 'pgproof', password: `${endpoint}#1` });
    expect(await withFreshLogin(address)).toMatchObject({ user: 'pgproof', password: `${endpoint}#2` });
  });

  it('by URL verifies too, against the public authorities, unless the URL says otherwise', async () => {
    const address = async (url: string) => {
      const { host, sslMode, sslRootCert } = await find({ url });
      return [host, sslMode, sslRootCert];
    };
    expect(await address('postgres://me@db.example/shop')).toEqual(['db.example', 'verify-full', '/opt/public.pem']);
    expect(await address('postgres://me@x.eu-central-1.rds.amazonaws.com/shop')).toEqual(['x.eu-central-1.rds.amazonaws.com', 'verify-full', '/opt/rds.pem']);
    expect(await address('postgres://me@10.0.0.5/shop?sslmode=disable')).toEqual(['10.0.0.5', 'disable', '/opt/public.pem']);
    expect(await address('postgres://me@db.example/shop?sslrootcert=/own.pem')).toEqual(['db.example', 'verify-full', '/own.pem']);
  });

  it('by URL takes user and password from the secret', async () => {
    const address = await find({ url: 'postgres://someone@db.example/shop', secret: SECRET }, { GetSecretValueCommand: LOGIN });
    expect(await withFreshLogin(address)).toMatchObject({ user: 'reader', password: 'geheim', host: 'db.example' });
  });
});

describe('a source that cannot be found', () => {
  const named: SourceConfig = { rds: 'shop-prod', database: 'shop', secret: SECRET };
  it.each([
    ['is not configured', undefined, {}, 'ConfigurationError', 'databases.shop.source: is missing'],
    ['is for the laptop', { env: 'SHOP_URL' }, {}, 'ConfigurationError', 'databases.shop.source.env: works on the laptop only'],
    [
      'is not in RDS',
      named,
      { DescribeDBInstancesCommand: failing('DBInstanceNotFoundFault') },
      'ConfigurationError',
      'databases.shop.source.rds: RDS has no instance shop-prod in this region',
    ],
    [
      'may not be described',
      named,
      { DescribeDBInstancesCommand: failing('AccessDenied') },
      'SourceUnreachableError',
      'RDS did not describe instance shop-prod: AccessDenied',
    ],
    [
      'has no endpoint yet',
      named,
      { DescribeDBInstancesCommand: { DBInstances: [{ DBInstanceStatus: 'creating' }] } },
      'SourceUnreachableError',
      'instance shop-prod of RDS has no endpoint: it is creating',
    ],
    [
      'has a secret that may not be read',
      named,
      { DescribeDBInstancesCommand: { DBInstances: [INSTANCE] }, GetSecretValueCommand: failing('AccessDeniedException') },
      'SourceUnreachableError',
      'databases.shop.source.secret: cannot be read: AccessDenied',
    ],
  ] as const)('%s', async (_, source, answers, name, message) => {
    const finding = find(source, answers);
    await expect(finding).rejects.toMatchObject({ name });
    await expect(finding).rejects.toThrow(message);
  });

  it.each(['geheim', '{"username":"reader"}', '{"username":"reader","password":"geheim"'])('has the secret %j, of which no message shows anything', async (text) => {
    const error = await find(named, { DescribeDBInstancesCommand: { DBInstances: [INSTANCE] }, GetSecretValueCommand: secretOf(text) }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'ConfigurationError' });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).stack)).not.toMatch(/geheim|reader/);
  });

  it('has a token that cannot be signed', async () => {
    const iam = { user: 'pgproof', resourceId: 'db-ABC' };
    const signToken = () => Promise.reject(failing('CredentialsProviderError'));
    const address = await find({ rds: 'shop-prod', database: 'shop', iam }, { DescribeDBInstancesCommand: { DBInstances: [INSTANCE] } }, { signToken });
    await expect(withFreshLogin(address)).rejects.toThrow('databases.shop.source.iam: no token for pgproof could be signed: CredentialsProviderError');
  });
});
