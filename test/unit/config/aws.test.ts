import { describe, expect, test } from 'vitest';
import { needAws } from '../../../src/config/aws.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { ConfigurationError } from '../../../src/errors.ts';

const LEAST = `
aws:
  region: eu-central-1
  network: { vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] }
`;
const parse = (text: string) => needAws(parseConfig(text, 'pgproof.yml'));
const faultsOf = (text: string): readonly string[] => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
};

describe('the part of pgproof.yml for AWS', () => {
  test('needs a region and a network and has a default for everything else', () => {
    expect(parse(LEAST)).toEqual({
      region: 'eu-central-1',
      network: { vpc: 'vpc-0123456789abcdef0', subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'], publicIp: false },
      instance: { class: 'db.t4g.medium', storageGib: 100 },
      worker: { cpu: 1024, memoryMib: 2048, ephemeralStorageGib: 21 },
      bucket: { lock: { mode: 'governance', days: 14 } },
      email: [],
      validateInFunctionGib: 20,
      tracing: false,
      logDays: 90,
    });
  });

  test('is not needed on the laptop, and missed by name in a deployment', () => {
    expect(parseConfig('databases: {}', 'pgproof.yml')).toEqual({ databases: {} });
    expect(faultsOf('databases: {}')).toEqual(['pgproof.yml: aws: is missing: a deployment needs at least aws.region and aws.network']);
  });

  test('names every fault by its path', () => {
    const faulty = `
aws:
  region: Frankfurt
  network: { vpc: mine, subnets: [subnet-0123456789abcdef0] }
  instance: { class: large, storageGib: 5 }
  worker: { cpu: 1000, memoryMib: 1000, ephemeralStorageGib: 500 }
  bucket: { lock: { mode: none, days: 0 } }
  email: [nobody]
  logDays: 8
`;
    expect(faultsOf(faulty).map((fault) => fault.split(': ')[1])).toEqual([
      'aws.region',
      'aws.network.vpc',
      'aws.network.subnets',
      'aws.instance.class',
      'aws.instance.storageGib',
      'aws.worker.cpu',
      'aws.worker.memoryMib',
      'aws.worker.ephemeralStorageGib',
      'aws.bucket.lock.mode',
      'aws.bucket.lock.days',
      'aws.email.0',
      'aws.logDays',
    ]);
  });
});
