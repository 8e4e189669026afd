/**
 * Streams MEBIBYTES through a store and back; prints the most memory the process ever had, in MiB.
 * Usage: stream-through.ts directory ROOT MEBIBYTES | stream-through.ts s3 ENDPOINT BUCKET MEBIBYTES
 */
import { S3Client } from '@aws-sdk/client-s3';
import { DirectoryStore } from '../../../local/store/directory-store.ts';
import { S3Store } from '../../../src/cloud/aws/s3-store.ts';
import type { ObjectStore } from '../../../src/cloud/object-store.ts';
import { systemClock } from '../../../src/cloud/system-clock.ts';

const [kind = '', place = '', ...rest] = process.argv.slice(2);
const mebibytes = Number(rest.at(-1));

function openStore(): ObjectStore {
  if (kind === 'directory') return new DirectoryStore({ root: place });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ region: 'eu-central-1', endpoint: place, credentials });
  return new S3Store({ client, bucket: rest[0] ?? '', clock: systemClock });
}

async function* body(): AsyncGenerator<Uint8Array, void> {
  const chunk = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < mebibytes; count += 1) yield chunk.fill(count);
}

const store = openStore();
const { signal } = new AbortController();
await store.put('large', body(), { signal, partBytes: 8 * 1024 * 1024 });
let bytes = 0;
for await (const chunk of await store.read('large')) bytes += chunk.length;
if (bytes !== mebibytes * 1024 * 1024) throw new Error(`read ${bytes} bytes`);
process.stdout.write(String(Math.round(process.resourceUsage().maxRSS / 1024)));
