import * as z from 'zod';

/** Where a database is and how to log in: by URL, or by its name in RDS. No password is ever written here. */

const secretArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$/, 'expected the ARN of a secret in Secrets Manager');

const identifier = z
  .string()
  .regex(/^[a-z](?!.*--)[a-z0-9-]{0,62}(?<!-)$/, 'expected an identifier of RDS: a-z, 0-9 and single -, beginning with a letter')
  .refine((id) => !id.startsWith('pgproof-drill-'), 'names a throwaway instance');

const Iam = z.strictObject({
  /** A role of the database that may log in by IAM authentication (`grant rds_iam to …`). */
  user: z.string().min(1),
  /** Of the instance or cluster, as IAM names it: `db-…` or `cluster-…`. */
  resourceId: z.string().regex(/^(db|cluster)-[A-Z0-9]+$/, 'expected a resource id such as db-ABCDEFGHIJKL01234'),
});

export const Source = z
  .strictObject({
    /** A postgres:// URL without a password (the password comes from PGPASSWORD, a password file or `secret`). */
    url: z.string().optional(),
    /** Name of the environment variable that holds the URL; on the laptop only. */
    env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable').optional(),
    /** Identifier of an instance of RDS for PostgreSQL. */
    rds: identifier.optional(),
    /** Identifier of a cluster of Aurora PostgreSQL, or of a Multi-AZ cluster of RDS. */
    aurora: identifier.optional(),
    /** Name of the database inside the server; with `rds` and `aurora`. */
    database: z.string().min(1).max(63).optional(),
    /** A secret of the form {"username","password"}, as RDS itself keeps them. */
    secret: secretArn.optional(),
    /** Log in by IAM authentication instead of a secret. */
    iam: Iam.optional(),
    /** The database's security group: a deployment opens it to the worker that takes backups, and to nothing else. */
    securityGroup: z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'expected an id such as sg-0123456789abcdef0').optional(),
    port: z.int().min(1).max(65_535).default(5432).optional(),
  })
  .refine(({ url, env, rds, aurora }) => [url, env, rds, aurora].filter((each) => each !== undefined).length === 1, 'expected exactly one of url, env, rds and aurora')
  .refine((source) => !/^[^:]+:\/\/[^/@]*:[^/@]*@/.test(source.url ?? ''), {
    path: ['url'],
    message: 'holds a password: keep the URL in an environment variable and name it under env',
  })
  .refine(({ rds, aurora, database }) => (rds ?? aurora) === undefined || database !== undefined, {
    path: ['database'],
    message: 'expected the name of the database inside the server',
  })
  .refine(({ rds, aurora, secret, iam }) => (rds ?? aurora) === undefined || (secret === undefined) !== (iam === undefined), 'expected exactly one of secret and iam')
  .refine(({ env, secret, iam }) => env === undefined || (secret ?? iam) === undefined, 'expected no secret and no iam beside env: the URL says how to log in')
  .meta({ oneOf: ['url', 'env', 'rds', 'aurora'].map((place) => ({ required: [place] })) });
export type SourceConfig = z.infer<typeof Source>;
