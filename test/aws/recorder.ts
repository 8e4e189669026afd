import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';

/** One thing that somebody asked of AWS, in the words of its policies. */
export interface Call {
  /** The role under which it was asked. */
  readonly actor: string;
  readonly action: string;
  readonly resources: readonly string[];
  /** Condition keys as far as our policies look at them. */
  readonly context: Readonly<Record<string, string>>;
}

export interface Recorder {
  readonly url: string;
  readonly calls: readonly Call[];
  /** Whose calls the next ones are. */
  actor: string;
  close(): Promise<void>;
}

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

/** Stands before the emulator and writes down what is asked of it. */
export async function startRecorder(target: string): Promise<Recorder> {
  const calls: Call[] = [];
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = '', url = '/', headers } = incoming;
      calls.push(...callsOf({ method, url: new URL(url, target), headers, body: body.toString('latin1') }, recorder.actor));
      const { actor } = recorder;
      const upstream = request({ hostname, port, method, path: url, headers }, (answer) => {
        // S3 says that an object is missing only to those who may list; to others it says that access is denied.
        if (answer.statusCode === 404 && (method === 'HEAD' || method === 'GET')) calls.push(...listing(url, actor));
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      upstream.on('error', () => outgoing.destroy());
      upstream.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const recorder: Recorder = {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    actor: 'nobody',
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return recorder;
}

function listing(url: string, actor: string): Call[] {
  const bucket = url.split(/[/?]/)[1] ?? '';
  return [{ actor, action: 's3:ListBucket', resources: [`arn:aws:s3:::${bucket}`], context: {} }];
}

interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function callsOf(asked: Request, actor: string): Call[] {
  const service = /\/[^/]+\/([a-z0-9-]+)\/aws4_request/.exec(asked.headers.authorization ?? '')?.[1] ?? 'unknown';
  const parts = SERVICES[service]?.(asked, service);
  if (!parts) throw new Error(`nobody can say which action this is: ${service} ${asked.method} ${asked.url.pathname}`);
  return parts.map((part) => ({ actor, context: {}, ...part }));
}

const SERVICES: Readonly<Record<string, (asked: Request, service: string) => Part[]>> = {
  s3: s3Calls,
  rds: rdsCalls,
  sns: snsCalls,
  kms: jsonCalls,
  secretsmanager: jsonCalls,
};

type Part = Omit<Call, 'actor' | 'context'> & Partial<Call>;

function s3Calls({ method, url, headers }: Request): Part[] {
  const [bucket = '', ...rest] = decodeURIComponent(url.pathname).slice(1).split('/');
  const [arn, key] = [`arn:aws:s3:::${bucket}`, rest.join('/')];
  if (key === '') return [{ action: 's3:ListBucket', resources: [arn] }];
  const resources = [`${arn}/${key}`];
  if (method === 'DELETE') return [{ action: url.searchParams.has('uploadId') ? 's3:AbortMultipartUpload' : 's3:DeleteObject', resources }];
  if (method === 'PUT' || method === 'POST') {
    const condition = headers['if-none-match'];
    const context = { 's3:ObjectCreationOperation': 'true', ...(typeof condition === 'string' ? { 's3:if-none-match': condition } : {}) };
    // The bucket's own key encrypts, in the caller's name.
    return [{ action: 's3:PutObject', resources, context }, { action: 'kms:GenerateDataKey', resources: ['BackupKey'] }];
  }
  const action = url.searchParams.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject';
  return [{ action, resources }, { action: 'kms:Decrypt', resources: ['BackupKey'] }];
}

function rdsCalls({ body }: Request): Part[] {
  const asked = new URLSearchParams(body);
  const arn = (kind: string, name: string | null) => (name === null ? [] : [`arn:aws:rds:${REGION}:${ACCOUNT}:${kind}:${name}`]);
  const action = `rds:${asked.get('Action')}`;
  const db = arn('db', asked.get('DBInstanceIdentifier') ?? '*');
  const snapshot = arn('snapshot', asked.get('DBSnapshotIdentifier'));
  if (action === 'rds:DescribeDBSnapshots') return [{ action, resources: snapshot }];
  const password = asked.has('ManageMasterUserPassword') ? LETS_RDS_KEEP_A_PASSWORD : [];
  if (action === 'rds:CreateDBInstance' || action.startsWith('rds:Restore')) {
    const context = { 'rds:PubliclyAccessible': asked.get('PubliclyAccessible') ?? 'true' };
    const resources = [...db, ...snapshot, ...arn('subgrp', asked.get('DBSubnetGroupName'))];
    const tagging = { action: 'rds:AddTagsToResource', resources: db, context: requestTags(asked) };
    return [{ action, resources, context }, tagging, ...password, ...(snapshot.length > 0 ? LETS_RDS_DECRYPT : [])];
  }
  // By the time of a change the instance has the tags that it was born with.
  return [{ action, resources: db, context: { 'aws:ResourceTag/pgproof:throwaway': 'true' } }, ...password];
}

/** RDS keeps a managed password as a secret in the name of whoever asked for it. */
const LETS_RDS_KEEP_A_PASSWORD: Part[] = ['secretsmanager:CreateSecret', 'secretsmanager:TagResource']
  .map((action): Part => ({ action, resources: [`arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:rds!db-0-abc`] }))
  .concat([{ action: 'kms:DescribeKey', resources: [`arn:aws:kms:${REGION}:${ACCOUNT}:key/aws-secretsmanager`] }]);

/** A snapshot that is encrypted, as all should be, is decrypted by RDS in the name of whoever restores it. */
const LETS_RDS_DECRYPT: Part[] = ['kms:CreateGrant', 'kms:DescribeKey'].map((action) => ({
  action,
  resources: [`arn:aws:kms:${REGION}:${ACCOUNT}:key/production`],
  context: { 'kms:ViaService': `rds.${REGION}.amazonaws.com`, 'kms:GrantIsForAWSResource': 'true' },
}));

function requestTags(asked: URLSearchParams): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [name, key] of asked) {
    const index = /^Tags\.\w+\.(\d+)\.Key$/.exec(name)?.[1];
    if (index !== undefined) tags[`aws:RequestTag/${key}`] = asked.get(name.replace(/Key$/, 'Value')) ?? '';
  }
  return tags;
}

function snsCalls({ body }: Request): Part[] {
  const asked = new URLSearchParams(body);
  return [{ action: `sns:${asked.get('Action')}`, resources: [asked.get('TopicArn') ?? '*'] }];
}

function jsonCalls({ headers, body }: Request, service: string): Part[] {
  const action = `${service}:${String(headers['x-amz-target']).split('.').at(-1)}`;
  const { KeyId, SecretId } = JSON.parse(body) as { KeyId?: string; SecretId?: string };
  return [{ action, resources: [KeyId ?? SecretId ?? '*'] }];
}
