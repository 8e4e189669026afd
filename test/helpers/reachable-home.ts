import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A home that the unprivileged user of PostgreSQL's server can enter also when the tests run as root. */
export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'pgproof-home-'));
  await chmod(home, 0o711);
  return home;
}
