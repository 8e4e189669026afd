import * as z from 'zod';
import { ConfigurationError } from '../../errors.ts';

/** Environment variables with which a deployed function or worker finds its cloud; serverless.yml sets them. */
const arn = (service: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:[0-9]*:.+$`), `expected an ARN of ${service}`);
const list = z
  .string()
  .regex(/^[^,\s]+(,[^,\s]+)*$/, 'expected names separated by commas')
  .transform((text) => text.split(','));
/** An option that is not used is set to the empty text, because a template cannot leave a variable out. */
const optional = <T extends z.ZodType>(schema: T) => z.literal('').transform(() => undefined).or(schema).optional();

const Environment = z.object({
  AWS_REGION: z.string().min(1),
  PGPROOF_BUCKET: z.string().min(3),
  PGPROOF_PEOPLE_TOPIC_ARN: arn('sns'),
  PGPROOF_CHAT_TOPIC_ARN: optional(arn('sns')),
  PGPROOF_SIGNING_KEY_ARN: arn('kms'),
  PGPROOF_INSTANCE_CLASS: z.string().regex(/^db\.[a-z0-9-]+\.[a-z0-9-]+$/, 'expected a class such as db.t4g.medium'),
  PGPROOF_INSTANCE_STORAGE_GIB: z.coerce.number().int().min(20).max(65_536).default(100),
  PGPROOF_INSTANCE_SUBNET_GROUP: z.string().min(1),
  PGPROOF_INSTANCE_SECURITY_GROUP_IDS: list,
  PGPROOF_INSTANCE_PARAMETER_GROUP: optional(z.string().min(1)),
  /** A secret with the address of a chat webhook; for the function that posts there, and no other. */
  PGPROOF_WEBHOOK_SECRET_ARN: optional(arn('secretsmanager')),
  /** RDS's certificate authorities; part of the worker's image. */
  PGPROOF_RDS_CERTIFICATES: optional(z.string().min(1)),
  /** The certificate authorities that the public trusts; part of the worker's image. */
  PGPROOF_PUBLIC_CERTIFICATES: optional(z.string().min(1)),
  /** Where worker tasks run; only functions that begin some need to know. */
  PGPROOF_CLUSTER_ARN: optional(arn('ecs')),
  PGPROOF_TASK_PREFIX: optional(z.string().min(1)),
  PGPROOF_SUBNET_IDS: optional(list),
  PGPROOF_SOURCE_SECURITY_GROUP_IDS: optional(list),
  PGPROOF_PROVE_SECURITY_GROUP_IDS: optional(list),
  PGPROOF_PUBLIC_IP: optional(z.enum(['ENABLED', 'DISABLED'])),
  PGPROOF_DRILL_STATE_MACHINE_ARN: optional(arn('states')),
  /** Where a worker may write: the task's ephemeral storage. */
  PGPROOF_SCRATCH: z.string().min(1).default('/tmp'),
  /** pgproof.yml as JSON in base64: so the worker's image holds nothing of its user's. */
  PGPROOF_CONFIG_BASE64: optional(z.base64()),
  /** pgproof.yml, packaged beside the code. */
  PGPROOF_CONFIG: z.string().default('pgproof.yml'),
});
export type Environment = z.infer<typeof Environment>;

/** @throws ConfigurationError with every variable that is missing or wrong; values are never shown */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const result = Environment.safeParse(env);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map((issue) => {
      const name = issue.path.join('.');
      return `environment variable ${name}: ${env[name] === undefined ? 'is not set' : issue.message}`;
    }),
    { hint: 'serverless.yml sets them: npx serverless deploy' },
  );
}
