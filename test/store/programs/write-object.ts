/**
 * A process that writes one object and can be made to die on the way.
 * Usage: write-object.ts HOME KEY TEXT [whole | endless | die-before-landing | die-after-landing]
 */
import { join } from 'node:path';
import { EventQueue } from '../../../local/events.ts';
import { DirectoryStore } from '../../../local/store/directory-store.ts';
import { systemClock } from '../../../src/cloud/system-clock.ts';

const [home = '', key = '', text = '', manner = 'whole'] = process.argv.slice(2);
const events = new EventQueue({ directory: join(home, 'events'), bucket: 'bucket', clock: systemClock });
const store = new DirectoryStore({ root: join(home, 'bucket'), events });

const announce = events.announce.bind(events);
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive');
};
events.announce = async (landing) => {
  const notice = await announce(landing);
  if (manner === 'die-before-landing') die();
  return manner === 'die-after-landing' ? { ...notice, publish: async () => die() } : notice;
};

async function* body(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(text);
  if (manner !== 'endless') return;
  process.stdout.write('writing\n');
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
}

try {
  await store.put(key, body(), { ifAbsent: true });
} catch (error) {
  process.stderr.write(`${(error as Error).name} ${String((error as { hint?: string }).hint)}\n`);
  process.exitCode = 1;
}
