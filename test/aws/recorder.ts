import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { ecsCalls } from './recorder-ecs.ts';
import { rdsCalls } from './recorder-rds.ts';

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
  /** What RDS would say and the emulator does not: each is shown every answer of a query service. */
  readonly corrections: ((answer: string) => string)[];
  close(): Promise<void>;
}

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
        if (url === '/' && recorder.corrections.length > 0) {
          void sendCorrected(answer, outgoing, recorder.corrections);
          return;
        }
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
    corrections: [],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return recorder;
}

async function sendCorrected(answer: IncomingMessage, outgoing: ServerResponse, corrections: Recorder['corrections']): Promise<void> {
  const text = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString('utf8');
  const body = Buffer.from(corrections.reduce((corrected, correct) => correct(corrected), text));
  outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': body.byteLength });
  outgoing.end(body);
}

/** Where an instance really is: the emulator makes up a name under which nobody answers. */
export function endpointOf(id: string, { host, port }: { readonly host: string; readonly port: number }): (answer: string) => string {
  const made = new RegExp(`<Address>${id}\\.[^<]*</Address>(\\s*)<Port>\\d+</Port>`, 'g');
  return (answer) => answer.replaceAll(made, `<Address>${host}</Address>$1<Port>${port}</Port>`);
}

function listing(url: string, actor: string): Call[] {
  const bucket = url.split(/[/?]/)[1] ?? '';
  return [{ actor, action: 's3:ListBucket', resources: [`arn:aws:s3:::${bucket}`], context: {} }];
}

export interface Request {
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
  ecs: ecsCalls,
  sns: snsCalls,
  kms: jsonCalls,
  secretsmanager: jsonCalls,
};

export type Part = Omit<Call, 'actor' | 'context'> & Partial<Call>;

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

function snsCalls({ body }: Request): Part[] {
  const asked = new URLSearchParams(body);
  return [{ action: `sns:${asked.get('Action')}`, resources: [asked.get('TopicArn') ?? '*'] }];
}

function jsonCalls({ headers, body }: Request, service: string): Part[] {
  const action = `${service}:${String(headers['x-amz-target']).split('.').at(-1)}`;
  const { KeyId, SecretId } = JSON.parse(body) as { KeyId?: string; SecretId?: string };
  return [{ action, resources: [KeyId ?? SecretId ?? '*'] }];
}
