import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { encodeForTask, needDeployable } from '../../../src/config/deployment.ts';
import { ConfigurationError } from '../../../src/errors.ts';

const AWS = `
aws:
  region: eu-central-1
  network: { vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] }
`;
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf';
const RDS = `rds: orders, database: orders, secret: '${SECRET}', securityGroup: sg-0123456789abcdef0`;
const IAM = 'iam: { user: pgproof, resourceId: db-ABCDEFGHIJKL01234 }';

const deployment = (databases: string, aws = AWS) => needDeployable(parseConfig(`databases:\n${databases}\n${aws}`, 'pgproof.yml'));
const faultsOf = (databases: string, aws?: string): string[] => {
  try {
    deployment(databases, aws);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map((fault) => fault.replace('pgproof.yml: ', ''));
    throw error;
  }
  return [];
};
const schedules = (text: string) => `schedules: { ${text} }`;
const SNAPSHOT = `snapshot: 'cron(17 1 * * ? *)'`;
const DUMP = `dump: 'cron(17 2 * * ? *)'`;
const DRILL = `drill: 'cron(17 4 ? * MON *)'`;

describe('a deployment takes', () => {
  test.each([
    ['an instance of RDS with a secret', `  orders: { source: { ${RDS} }, ${schedules(`${SNAPSHOT}, ${DUMP}, ${DRILL}`)}, drill: { kinds: [dump, snapshot, pitr] } }`],
    ['a cluster of Aurora by IAM', `  orders: { source: { aurora: orders, database: orders, ${IAM}, securityGroup: sg-0123456789abcdef0 } }`],
    ['a URL with a secret', `  orders: { source: { url: 'postgres://backup@db.example.com/orders', secret: '${SECRET}' }, ${schedules(DUMP)} }`],
    ['a database that nothing is scheduled for', `  orders: { source: { ${RDS} } }`],
    ['a drill to a point in time without any backup of ours', `  orders: { source: { ${RDS} }, ${schedules(DRILL)}, drill: { kinds: [pitr] } }`],
  ])('%s', (_, databases) => {
    expect(Object.keys(deployment(databases).databases)).toEqual(['orders']);
  });
});

describe('a deployment does not take', () => {
  test.each([
    ['a database without a source', 'orders: {}', 'orders.source: is missing: a deployment must know where the database is'],
    ['a URL from the environment of a laptop', 'orders: { source: { env: ORDERS_URL } }', 'orders.source.env: is read on the laptop only: expected rds, aurora, or url with secret'],
    ['a URL without a secret', "orders: { source: { url: 'postgres://db.example.com/orders' } }", 'orders.source: expected exactly one of secret and iam: a task has no other way to log in'],
    ['a URL of the laptop itself', `orders: { source: { url: 'postgres:///orders', secret: '${SECRET}' } }`, 'orders.source.url: expected postgres://user@host/database with a host that the worker can reach'],
    ['an instance that nobody may connect to', `orders: { source: { rds: orders, database: orders, secret: '${SECRET}' } }`, 'orders.source.securityGroup: is missing: without it no worker can reach the database'],
    ['a secret in another Region', `orders: { source: { ${RDS.replace('eu-central-1', 'us-east-1')} } }`, 'orders.source.secret: is in another Region than aws.region, eu-central-1'],
    ['snapshots of what is not in RDS', `orders: { source: { url: 'postgres://db.example.com/orders', secret: '${SECRET}' }, ${schedules(SNAPSHOT)} }`, 'orders.schedules.snapshot: only RDS takes snapshots: expected source.rds or source.aurora'],
    ['drills of dumps that nobody takes', `orders: { source: { ${RDS} }, ${schedules(DRILL)} }`, 'orders.drill.kinds: every drill of a dump would find none: expected schedules.dump'],
    ['drills of snapshots that nobody takes', `orders: { source: { ${RDS} }, ${schedules(`${DUMP}, ${DRILL}`)}, drill: { kinds: [dump, snapshot] } }`, 'orders.drill.kinds: every drill of a snapshot would find none: expected schedules.snapshot'],
    ['points in time of what RDS does not keep', `orders: { source: { url: 'postgres://db.example.com/orders', secret: '${SECRET}' }, ${schedules(DRILL)}, drill: { kinds: [pitr] } }`, 'orders.drill.kinds: pitr needs a log that RDS keeps: expected source.rds or source.aurora'],
    ['a heartbeat that no drill would read', `orders: { source: { url: 'postgres://db.example.com/orders', secret: '${SECRET}' }, heartbeat: public.beat }`, 'orders.heartbeat: is for drills to a point in time: expected source.rds or source.aurora'],
  ])('%s', (_, database, fault) => {
    expect(faultsOf(`  ${database}`)).toEqual([`databases.${fault}`]);
  });

  test('a memory that Fargate has not beside that cpu, nor a webhook in another Region', () => {
    const faults = (memoryMib: number, cpu = 256) => faultsOf('  {}', `${AWS}  worker: { cpu: ${cpu}, memoryMib: ${memoryMib} }\n`);
    expect([512, 1024, 2048].map((size) => faults(size))).toEqual([[], [], []]);
    expect(faults(1536)).toEqual(['aws.worker.memoryMib: Fargate has no 1536 MiB with cpu 256: expected 512, 1024 or 2048']);
    expect(faults(20_480, 8192)).toEqual([]);
    expect(faults(17_408, 8192)).toEqual(['aws.worker.memoryMib: Fargate has no 17408 MiB with cpu 8192: expected 16384 to 61440 in steps of 4096']);
    expect(faultsOf('  {}', `${AWS}  webhookSecret: ${SECRET.replace('eu-central-1', 'eu-west-1')}\n`)).toEqual([
      'aws.webhookSecret: is in another Region than aws.region, eu-central-1',
    ]);
  });

  test('anything of it silently: every fault of every database is listed', () => {
    expect(faultsOf(`  a: {}\n  b: { source: { rds: b, database: b, secret: '${SECRET.replace('eu-central-1', 'us-east-1')}' } }`)).toEqual([
      'databases.a.source: is missing: a deployment must know where the database is',
      'databases.b.source.secret: is in another Region than aws.region, eu-central-1',
      'databases.b.source.securityGroup: is missing: without it no worker can reach the database',
    ]);
  });
});

describe('what a task carries of pgproof.yml', () => {
  const document = { databases: { orders: { dump: { lockTimeout: '90s' } }, users: {} }, aws: { region: 'eu-central-1' } };
  const decode = (text: string) => parseConfig(Buffer.from(text, 'base64').toString(), 'PGPROOF_CONFIG_BASE64');

  test('is read again by the same rules to the same configuration, without what only the deployment reads', () => {
    const config = decode(encodeForTask(document));
    expect(Object.keys(config.databases)).toEqual(['orders', 'users']);
    expect(config.databases['orders']?.dump.lockTimeout).toBe(90);
    expect(config.aws).toBeUndefined();
  });

  test('is of one database alone where the task is', () => {
    expect(Object.keys(decode(encodeForTask(document, 'users')).databases)).toEqual(['users']);
  });

  test('fits into a task definition, or is refused by name', () => {
    const query = { name: 'q', sql: `select '${'x'.repeat(45_000)}'`, expect: { value: 1 } };
    const large = { databases: { orders: { drill: { queries: [query] } }, users: {} } };
    expect(encodeForTask(large, 'users').length).toBeLessThan(100);
    expect(() => encodeForTask(large)).toThrow(
      'pgproof.yml: databases: 60148 bytes as base64 are too many for a task definition, which takes 57344; the largest is databases.orders with 45075 bytes of JSON',
    );
  });
});
