import { describe, expect, it } from 'vitest';
import { ConfigurationError, SourceUnreachableError } from '../../../src/errors.ts';
import { addressEnvironment, connect, describeAddress, parseAddress } from '../../../src/postgres/address.ts';
import { freePort } from '../../../src/postgres/cluster/port.ts';

const SECRET = 's3cr3t-w0rd';

describe('a postgres:// URL', () => {
  it.each([
    ['postgres://reader@db.example/shop', { host: 'db.example', port: 5432, user: 'reader', database: 'shop' }],
    ['postgresql://reader:a%40b%2Fc@db.example:6432/shop', { host: 'db.example', port: 6432, user: 'reader', password: 'a@b/c', database: 'shop' }],
    ['postgres://reader:100%@db.example/shop', { host: 'db.example', port: 5432, user: 'reader', password: '100%', database: 'shop' }],
    ['postgres://u@[2001:db8::1]:5433/shop', { host: '2001:db8::1', port: 5433, user: 'u', database: 'shop' }],
    ['postgres://u@h', { host: 'h', port: 5432, user: 'u', database: 'u' }],
    ['postgres://u@%2Frun%2Fpostgresql/shop', { host: '/run/postgresql', port: 5432, user: 'u', database: 'shop' }],
    ['postgres:///shop?host=/run/postgresql&user=u', { host: '/run/postgresql', port: 5432, user: 'u', database: 'shop' }],
    ['postgres://u@h/a%2Fb%20%22c%22%3F%23%3Dd%40e', { host: 'h', port: 5432, user: 'u', database: 'a/b "c"?#=d@e' }],
    ['postgres://u@h/shop?options=-c%20role%3Dreader', { host: 'h', port: 5432, user: 'u', database: 'shop', options: '-c role=reader' }],
    [
      'postgres://u@h/shop?sslmode=verify-full&sslrootcert=/no/such/file.pem',
      { host: 'h', port: 5432, user: 'u', database: 'shop', sslMode: 'verify-full', sslRootCert: '/no/such/file.pem' },
    ],
  ])('%s', (url, expected) => {
    expect(parseAddress(url, '--source', {})).toEqual(expected);
  });

  it('takes what it leaves out from the environment, as psql does', () => {
    const env = { PGHOST: 'h', PGPORT: '6000', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd', PGSSLMODE: 'require', PGOPTIONS: '-c a=b' };
    expect(parseAddress('postgres://', '--source', env)).toEqual({
      ...{ host: 'h', port: 6000, user: 'u', password: 'p', database: 'd', sslMode: 'require', options: '-c a=b' },
    });
    expect(parseAddress('postgres://v:q@i:7000/e?sslmode=disable', '--source', env)).toMatchObject({
      ...{ host: 'i', port: 7000, user: 'v', password: 'q', database: 'e', sslMode: 'disable' },
    });
  });

  it.each([
    ['no URL', `mysql://u:${SECRET}@h/d`, /^--source: expected a URL beginning with postgres:\/\//],
    ['a port that is none', `postgres://u:${SECRET}@h:99999/d`, /^--source: not a valid URL/],
    ['port 0', `postgres://u:${SECRET}@h:0/d`, /^--source: expected a port between 1 and 65535$/],
    ['two hosts', `postgres://u:${SECRET}@h1,h2/d`, /^--source: expected one host$/],
    ['a slash in the password', `postgres://u:12/${SECRET}@h/d`, /^--source: not a valid URL \(special characters/],
    ['a question mark in the password', `postgres://u:?${SECRET}@h/d`, /^--source: not a valid URL/],
    ['a hash in the password', `postgres://u:#${SECRET}@h/d`, /^--source: not a valid URL/],
    ['a broken escape in the name', `postgres://u:${SECRET}@h/a%zz`, /^--source: not a valid URL/],
    ['an unknown sslmode', `postgres://u:${SECRET}@h/d?sslmode=maybe`, /^--source: sslmode: expected one of disable, allow/],
  ])('with %s is refused without being repeated', (_, url, message) => {
    let error: unknown;
    try {
      parseAddress(url, '--source', {});
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
    const cause = (error as Error).cause as (Error & { input?: unknown }) | undefined;
    expect([(error as Error).stack, cause?.stack, cause?.message, cause?.input].join(' ')).not.toContain(SECRET);
  });
});

describe('an address', () => {
  const address = { host: 'h', port: 6432, user: 'u', password: SECRET, database: 'd' };

  it('is described without its password', () => {
    expect(describeAddress(address)).toBe('u@h:6432/d');
  });

  it('reaches PostgreSQL’s programs through their environment alone', () => {
    expect(addressEnvironment(address)).toEqual({
      ...{ PGHOST: 'h', PGPORT: '6432', PGUSER: 'u', PGPASSWORD: SECRET, PGDATABASE: 'd' },
      ...{ PGAPPNAME: 'pgproof', PGCONNECT_TIMEOUT: '15' },
    });
    const more = { ...address, sslMode: 'verify-ca', sslRootCert: '/ca.pem', options: '-c role=r' } as const;
    expect(addressEnvironment(more)).toMatchObject({ PGSSLMODE: 'verify-ca', PGSSLROOTCERT: '/ca.pem', PGOPTIONS: '-c role=r' });
  });

  it('that nobody listens at is an error that says where and how to try, without the password', async () => {
    const port = await freePort();
    const error = await connect({ ...address, host: '127.0.0.1', port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SourceUnreachableError);
    const { message, hint } = error as SourceUnreachableError;
    expect(message).toBe(`cannot connect to u@127.0.0.1:${port}/d: connect ECONNREFUSED 127.0.0.1:${port}`);
    expect(hint).toBe(`psql -h 127.0.0.1 -p ${port} -U u -d d -c 'select 1'`);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(SECRET);
  });
});
