import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCloud } from '../../../src/cloud/aws/cloud.ts';
import { readEnvironment } from '../../../src/cloud/aws/environment.ts';
import { S3Store } from '../../../src/cloud/aws/s3-store.ts';
import { ConfigurationError } from '../../../src/errors.ts';

const COMPLETE = {
  AWS_REGION: 'eu-central-1',
  PGPROOF_BUCKET: 'pgproof-bucket',
  PGPROOF_PEOPLE_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:people',
  PGPROOF_CHAT_TOPIC_ARN: '',
  PGPROOF_SIGNING_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/1',
  PGPROOF_INSTANCE_CLASS: 'db.t4g.medium',
  PGPROOF_INSTANCE_SUBNET_GROUP: 'drills',
  PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'sg-1,sg-2',
};

describe('the environment of a deployed function', () => {
  test('is read into one object; what is empty is absent', () => {
    expect(readEnvironment(COMPLETE)).toEqual({
      ...COMPLETE,
      PGPROOF_CHAT_TOPIC_ARN: undefined,
      PGPROOF_INSTANCE_STORAGE_GIB: 100,
      PGPROOF_INSTANCE_SECURITY_GROUP_IDS: ['sg-1', 'sg-2'],
      PGPROOF_SCRATCH: '/tmp',
      PGPROOF_CONFIG: 'pgproof.yml',
    });
  });

  test('names every fault at once and shows no value', () => {
    const faulty = {
      ...COMPLETE,
      PGPROOF_BUCKET: undefined,
      PGPROOF_PEOPLE_TOPIC_ARN: 'wrong-people',
      PGPROOF_CHAT_TOPIC_ARN: 'arn:aws:sqs:eu-central-1:123456789012:wrong-chat',
      PGPROOF_INSTANCE_CLASS: 'wrong-class',
      PGPROOF_INSTANCE_STORAGE_GIB: '5',
      PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'wrong, groups',
    };
    const read = () => readEnvironment(faulty);
    expect(read).toThrow(ConfigurationError);
    try {
      read();
    } catch (error) {
      const { faults } = error as ConfigurationError;
      expect(faults.map((fault) => fault.split(':')[0])).toEqual([
        'environment variable PGPROOF_BUCKET',
        'environment variable PGPROOF_PEOPLE_TOPIC_ARN',
        'environment variable PGPROOF_CHAT_TOPIC_ARN',
        'environment variable PGPROOF_INSTANCE_CLASS',
        'environment variable PGPROOF_INSTANCE_STORAGE_GIB',
        'environment variable PGPROOF_INSTANCE_SECURITY_GROUP_IDS',
      ]);
      expect(faults.join()).not.toContain('wrong');
    }
  });

  test('opens a cloud without asking AWS anything', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pgproof-cloud-'));
    const file = join(directory, 'pgproof.yml');
    writeFileSync(file, 'databases:\n  shop: {}\n');
    const cloud = openCloud({ ...COMPLETE, PGPROOF_CONFIG: file });
    expect(cloud.store).toBeInstanceOf(S3Store);
    expect(Object.keys(cloud.config.databases)).toEqual(['shop']);
    rmSync(directory, { recursive: true });
    expect(() => openCloud({ ...COMPLETE, PGPROOF_CONFIG: file })).toThrow('cannot be read');
  });

  test('takes the configuration that a task carries, and names its faults', () => {
    const encoded = (text: string) => ({ ...COMPLETE, PGPROOF_CONFIG: '/nowhere', PGPROOF_CONFIG_BASE64: Buffer.from(text).toString('base64') });
    const cloud = openCloud(encoded('{"databases":{"shop":{"drill":{"target":"task"}}}}'));
    expect(cloud.config.databases['shop']?.drill.target).toBe('task');
    expect(() => openCloud(encoded('{"databases":{"shop":{"drill":{"target":"moon"}}}}'))).toThrow(
      'PGPROOF_CONFIG_BASE64: databases.shop.drill.target: ',
    );
    expect(() => openCloud({ ...COMPLETE, PGPROOF_CONFIG_BASE64: '{}' })).toThrow('environment variable PGPROOF_CONFIG_BASE64: Invalid base64');
  });

  test('runs servers of a task in its ephemeral storage', () => {
    expect(openCloud({ ...COMPLETE, PGPROOF_CONFIG_BASE64: 'e30=' }).taskServers?.home).toBe('/tmp');
    expect(openCloud({ ...COMPLETE, PGPROOF_CONFIG_BASE64: 'e30=', PGPROOF_SCRATCH: '/scratch' }).taskServers?.home).toBe('/scratch');
  });
});
