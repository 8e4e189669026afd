import * as z from 'zod';
import { ConfigurationError } from '../errors.ts';

/** The part of pgproof.yml that only a deployment to AWS reads. */

const id = (kind: string) => z.string().regex(new RegExp(`^${kind}-[0-9a-f]{8,17}$`), `expected an id such as ${kind}-0123456789abcdef0`);

const Network = z.strictObject({
  /** The VPC that the worker and the throwaway instances are placed in. */
  vpc: id('vpc'),
  /** In at least two zones, because RDS wants that of a subnet group. */
  subnets: z.array(id('subnet')).min(2),
  /** For subnets without NAT: the worker gets a public address, and still nobody can connect to it. */
  publicIp: z.boolean().default(false),
});

const instanceClass = z.string().regex(/^db\.[a-z0-9-]+\.[a-z0-9-]+$/, 'expected a class such as db.t4g.medium');
const storageGib = z.int().min(20).max(65_536);

const Instance = z.strictObject({
  /** Class of throwaway instances. */
  class: instanceClass.default('db.t4g.medium'),
  /** Storage of an instance that a dump is restored to. */
  storageGib: storageGib.default(100),
  /** Name of the source's own parameter group, so that the copy runs with the same settings. */
  parameterGroup: z.string().min(1).optional(),
});

export const InstanceDifferences = z.strictObject({
  class: instanceClass.optional(),
  storageGib: storageGib.optional(),
  /** Of a database in Aurora the name of a *cluster* parameter group, for its snapshots and points in time. */
  parameterGroup: z.string().min(1).optional(),
});

const Worker = z.strictObject({
  /** Fargate's units, 1024 to a core; not every memory goes with every cpu. */
  cpu: z.union([z.literal(256), z.literal(512), z.literal(1024), z.literal(2048), z.literal(4096), z.literal(8192)]).default(1024),
  memoryMib: z.int().min(512).max(61_440).multipleOf(512).default(2048),
  ephemeralStorageGib: z.int().min(21).max(200).default(21),
  /** The container's image; without one the tag of this version in the repository that is deployed. */
  image: z.string().min(1).optional(),
});

const Bucket = z.strictObject({
  /**
   * How long nobody may delete what is kept. Nobody at all can shorten `compliance`, not even the account's owner;
   * `governance` can be lifted by whoever holds s3:BypassGovernanceRetention.
   */
  lock: z
    .strictObject({ mode: z.enum(['governance', 'compliance', 'off']).default('governance'), days: z.int().min(1).max(36_500).default(14) })
    .prefault({}),
});

export const AwsConfig = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as eu-central-1'),
  network: Network,
  instance: Instance.prefault({}),
  worker: Worker.prefault({}),
  bucket: Bucket.prefault({}),
  /** Addresses that get every notification as text; each confirms its subscription once. */
  email: z.array(z.email()).default([]),
  /** A secret that holds the URL of a Slack incoming webhook, told everything that the chat topic is told. */
  webhookSecret: z
    .string()
    .regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$/, 'expected the ARN of a secret in Secrets Manager')
    .optional(),
  /** A backup with more bytes is validated by a worker task: a function ends after 15 minutes. */
  validateInFunctionGib: z.int().min(0).max(200).default(20),
  /** X-Ray traces of functions and state machine. */
  tracing: z.boolean().default(false),
  logDays: z
    .union([7, 14, 30, 60, 90, 180, 365, 731, 1827, 3653].map((days) => z.literal(days)))
    .default(90),
});
export type AwsConfig = z.infer<typeof AwsConfig>;

/** @throws ConfigurationError when the part is missing that a deployment cannot do without */
export function needAws({ aws }: { readonly aws?: AwsConfig | undefined }): AwsConfig {
  if (aws) return aws;
  throw new ConfigurationError(['pgproof.yml: aws: is missing: a deployment needs at least aws.region and aws.network']);
}
