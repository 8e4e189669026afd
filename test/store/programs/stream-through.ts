/** Streams MEBIBYTES through a directory store and back; prints the most memory the process ever had, in MiB. */
import { DirectoryStore } from '../../../local/store/directory-store.ts';

const [root = '', mebibytes = '0'] = process.argv.slice(2);
const store = new DirectoryStore({ root });
const { signal } = new AbortController();

async function* body(): AsyncGenerator<Uint8Array, void> {
  for (let count = 0; count < Number(mebibytes); count += 1) yield Buffer.alloc(1024 * 1024, count);
}

await store.put('large', body(), { signal });
let bytes = 0;
for await (const chunk of await store.read('large')) bytes += chunk.length;
if (bytes !== Number(mebibytes) * 1024 * 1024) throw new Error(`read ${bytes} bytes`);
process.stdout.write(String(Math.round(process.resourceUsage().maxRSS / 1024)));
