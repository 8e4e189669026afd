import { CreateDBClusterCommand, CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readEnvironment } from '../../src/cloud/aws/environment.ts';
import { openSource } from '../../src/cloud/aws/open/source.ts';
import { parseConfig } from '../../src/config/config.ts';
import { withFreshLogin } from '../../src/postgres/address.ts';
import { emulator, uniqueName } from './clients.ts';

const AWS = { AWS_ENDPOINT_URL: '', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const SETTINGS = {
  AWS_REGION: 'eu-central-1',
  PGPROOF_BUCKET: 'bucket',
  PGPROOF_PEOPLE_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:people',
  PGPROOF_SIGNING_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/0',
  PGPROOF_INSTANCE_CLASS: 'db.t4g.medium',
  PGPROOF_INSTANCE_SUBNET_GROUP: 'subnets',
  PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'sg-0',
  PGPROOF_RDS_CERTIFICATES: '/opt/pgproof/rds-certificates.pem',
};
const before = { ...process.env };

describe('a source in RDS', () => {
  let instance: string;
  let cluster: string;
  let secret: string;
  beforeAll(async () => {
    Object.assign(process.env, AWS, { AWS_ENDPOINT_URL: inject('moto') });
    const [rds, secrets] = [new RDSClient(emulator()), new SecretsManagerClient(emulator())];
    [instance, cluster] = [uniqueName('shop'), uniqueName('ledger')];
    const login = { Engine: 'postgres', MasterUsername: 'owner', MasterUserPassword: 'not-used-here' };
    await rds.send(new CreateDBInstanceCommand({ ...login, DBInstanceIdentifier: instance, DBInstanceClass: 'db.t4g.medium', AllocatedStorage: 20, Port: 5433 }));
    await rds.send(new CreateDBClusterCommand({ ...login, Engine: 'aurora-postgresql', DBClusterIdentifier: cluster, Port: 5434 }));
    const made = await secrets.send(new CreateSecretCommand({ Name: uniqueName('login'), SecretString: '{"username":"reader","password":"geheim"}' }));
    secret = made.ARN ?? '';
  });
  afterAll(() => {
    for (const name of Object.keys(AWS)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  function find(source: string) {
    const config = parseConfig(`databases: {shop: {source: ${source}}}`, 'pgproof.yml');
    return openSource(readEnvironment(SETTINGS), config)('shop');
  }

  test('is entered by the login of its secret', async () => {
    const address = await withFreshLogin(await find(`{rds: ${instance}, database: shop, secret: '${secret}'}`));
    expect(address).toMatchObject({ port: 5433, user: 'reader', password: 'geheim', database: 'shop', sslMode: 'verify-full' });
    expect(address.sslRootCert).toBe('/opt/pgproof/rds-certificates.pem');
    expect(address.host).toMatch(/\.rds\.amazonaws\.com$/);
  });

  test('is entered by a token that AWS would take for this very login', async () => {
    const address = await withFreshLogin(await find(`{aurora: ${cluster}, database: books, iam: {user: pgproof, resourceId: cluster-ABC}}`));
    expect(address).toMatchObject({ port: 5434, user: 'pgproof', database: 'books', sslMode: 'verify-full' });
    const token = new URL(`https://${address.password}`);
    expect(token.host).toBe(`${address.host}:5434`);
    expect(Object.fromEntries(token.searchParams)).toMatchObject({ Action: 'connect', DBUser: 'pgproof', 'X-Amz-Expires': '900' });
    expect(token.searchParams.get('X-Amz-Credential')).toMatch(/^test\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/);
  });

  test('that is not there is a fault of the configuration', async () => {
    await expect(find(`{rds: gone, database: shop, secret: '${secret}'}`)).rejects.toThrow(
      'databases.shop.source.rds: RDS has no instance gone in this region',
    );
  });
});
