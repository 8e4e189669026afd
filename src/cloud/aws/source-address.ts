import { DescribeDBClustersCommand, DescribeDBInstancesCommand, type RDSClient } from '@aws-sdk/client-rds';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { SourceConfig } from '../../config/source.ts';
import { ConfigurationError, SourceUnreachableError } from '../../errors.ts';
import { parseAddress, type Address } from '../../postgres/address.ts';
import { nameOf } from './service-errors.ts';

export interface SourceAddressSetting {
  readonly rds: Pick<RDSClient, 'send'>;
  readonly secrets: Pick<SecretsManagerClient, 'send'>;
  /** Signs a token for one login; it is good for 15 minutes. */
  readonly signToken: (login: { readonly hostname: string; readonly port: number; readonly username: string }) => Promise<string>;
  /** File with RDS's certificate authorities. */
  readonly rdsCertificates?: string | undefined;
  /** File with the certificate authorities that the public trusts. */
  readonly publicCertificates?: string | undefined;
}

/**
 * Where a source is and how to log in, from its part of pgproof.yml. The server's certificate is always verified, unless
 * a URL says otherwise. Passwords and tokens are asked for anew before every connection: a token lasts 15 minutes, a
 * secret is rotated, and a dump makes its last connection hours after its first.
 *
 * @throws ConfigurationError when there is no such source, SourceUnreachableError when AWS does not answer
 */
export async function sourceAddress(database: string, source: SourceConfig | undefined, setting: SourceAddressSetting): Promise<Address> {
  const field = `databases.${database}.source`;
  if (!source) throw new ConfigurationError([`${field}: is missing: the task has no source`]);
  const address = source.url === undefined ? await serviceAddress(field, source, setting) : urlAddress(field, source.url, setting);
  return withLogin(field, source, address, setting);
}

function urlAddress(field: string, url: string, { rdsCertificates, publicCertificates }: SourceAddressSetting): Address {
  // The variables of this process are about AWS, and libpq's are not to decide where a backup comes from.
  const address = parseAddress(url, `${field}.url`, {});
  const ofRds = /\.rds\.amazonaws\.com(\.cn)?$/.test(address.host);
  const sslRootCert = address.sslRootCert ?? (ofRds ? rdsCertificates : publicCertificates);
  return { ...address, sslMode: address.sslMode ?? 'verify-full', ...(sslRootCert === undefined ? {} : { sslRootCert }) };
}

async function serviceAddress(field: string, source: SourceConfig, setting: SourceAddressSetting): Promise<Address> {
  const { host, port } = await endpoint(field, source, setting);
  const { rdsCertificates: sslRootCert } = setting;
  return {
    host,
    port,
    user: source.iam?.user ?? '',
    database: source.database ?? '',
    sslMode: 'verify-full',
    ...(sslRootCert === undefined ? {} : { sslRootCert }),
  };
}

async function endpoint(field: string, { rds, aurora }: SourceConfig, setting: SourceAddressSetting): Promise<{ host: string; port: number }> {
  if (rds !== undefined) {
    const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: rds });
    const found = await setting.rds.send(command).catch((error: unknown) => refuse(`${field}.rds`, `instance ${rds}`, error));
    const [instance] = found.DBInstances ?? [];
    return reachable(`instance ${rds}`, instance?.DBInstanceStatus, instance?.Endpoint?.Address, instance?.Endpoint?.Port);
  }
  if (aurora !== undefined) {
    const command = new DescribeDBClustersCommand({ DBClusterIdentifier: aurora });
    const found = await setting.rds.send(command).catch((error: unknown) => refuse(`${field}.aurora`, `cluster ${aurora}`, error));
    const [cluster] = found.DBClusters ?? [];
    return reachable(`cluster ${aurora}`, cluster?.Status, cluster?.Endpoint, cluster?.Port);
  }
  throw new ConfigurationError([`${field}.env: works on the laptop only`], { hint: `name ${field}.rds, ${field}.aurora or ${field}.url` });
}

function reachable(what: string, status = 'unknown', host?: string, port?: number): { host: string; port: number } {
  if (host !== undefined && port !== undefined) return { host, port };
  throw new SourceUnreachableError(`${what} of RDS has no endpoint: it is ${status}`, { hint: 'aws rds describe-db-instances' });
}

function refuse(field: string, what: string, error: unknown): never {
  const name = nameOf(error);
  if (/^DB(Instance|Cluster)NotFound$/.test(name)) throw new ConfigurationError([`${field}: RDS has no ${what} in this region`], { cause: error });
  throw new SourceUnreachableError(`RDS did not describe ${what}: ${name}`, { cause: error, hint: 'the task needs rds:DescribeDBInstances and rds:DescribeDBClusters' });
}

async function withLogin(field: string, source: SourceConfig, address: Address, setting: SourceAddressSetting): Promise<Address> {
  const { secret, iam } = source;
  if (iam) {
    const login = { hostname: address.host, port: address.port, username: iam.user };
    return { ...address, user: iam.user, freshLogin: async () => ({ user: iam.user, password: await token(field, login, setting) }) };
  }
  if (secret === undefined) return address;
  const freshLogin = () => readSecret(field, secret, setting);
  // Once now, so that messages can name the user and a secret that cannot be read fails before anything is begun.
  return { ...address, user: (await freshLogin()).user, freshLogin };
}

async function token(field: string, login: Parameters<SourceAddressSetting['signToken']>[0], { signToken }: SourceAddressSetting): Promise<string> {
  return signToken(login).catch((error: unknown) => {
    throw new SourceUnreachableError(`${field}.iam: no token for ${login.username} could be signed: ${nameOf(error)}`, {
      cause: error,
      hint: 'the task signs with its own role, which needs rds-db:connect',
    });
  });
}

const Login = z.object({ username: z.string().min(1), password: z.string().min(1) });

async function readSecret(field: string, arn: string, { secrets }: SourceAddressSetting): Promise<{ user: string; password: string }> {
  const hint = `aws secretsmanager describe-secret --secret-id '${arn}'`;
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn })).catch((error: unknown) => {
    throw new SourceUnreachableError(`${field}.secret: cannot be read: ${nameOf(error)}`, { cause: error, hint });
  });
  try {
    const { username, password } = Login.parse(JSON.parse(SecretString ?? ''));
    return { user: username, password };
  } catch {
    // No cause: what a parser says of a secret may quote it.
    throw new ConfigurationError([`${field}.secret: expected JSON with "username" and "password"`], { hint });
  }
}
