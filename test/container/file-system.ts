import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machineSuites } from '../../local/postgres/fetch.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Programs of the administrator may be missing from PATH. */
export const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/**
 * Makes what the image `node:VERSION-RELEASE-slim` is, as far as the build uses it: a minimal Debian, Node where that
 * image has it, npm beside it, and the lines of apt's sources that Debian's own image has.
 */
export async function makeNodeImage(root: string, release: string): Promise<void> {
  needDebootstrap();
  const lines = await archiveLines(release);
  const program = { env: { PATH, DEBOOTSTRAP_DIR: '/usr/share/debootstrap' }, timeoutMilliseconds: 300_000 };
  await runProgram({ path: 'debootstrap', args: ['--variant=minbase', release, root, siteOf(lines[0])], ...program });
  await writeFile(join(root, 'etc/apt/sources.list'), `${lines.join('\n')}\n`);
  await copyFile(join(ROOT, 'node_modules/node/bin/node'), join(root, 'usr/local/bin/node'));
  await chmod(join(root, 'usr/local/bin/node'), 0o755);
  const npm = join(await realpath(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()), '../..');
  await mkdir(join(root, 'usr/local/lib/node_modules'), { recursive: true });
  await cp(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
}

function needDebootstrap(): void {
  if (process.getuid?.() !== 0) throw new Error('only root can make a root file system: run npm run test:container as root');
  if (existsSync('/usr/sbin/debootstrap')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { env });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'debootstrap'], { env });
}

/** The archives that this machine's apt is set up for, of another release. */
async function archiveLines(release: string): Promise<readonly string[]> {
  const suite = (await machineSuites()).find(({ name }) => name === release);
  if (suite) return suite.lines;
  throw new Error(`this machine's apt knows no archive that has Debian ${release}`);
}

/** The address in a line such as `deb [signed-by=…] ADDRESS trixie main`. */
function siteOf(line: string | undefined): string {
  return /^deb (?:\[[^\]]*\] )?(\S+)/.exec(line ?? '')?.[1] ?? '';
}

/** What a container engine gives to every container, and how this machine reaches the network. */
export async function joinNetwork(root: string): Promise<Readonly<Record<string, string>>> {
  for (const file of ['etc/resolv.conf', 'etc/hosts']) await copyFile(join('/', file), join(root, file));
  const acquire = execFileSync('apt-config', ['dump', 'Acquire'], { encoding: 'utf8' }).split('\n');
  const transport = acquire.filter((line) => /^Acquire::(https?|Check-|ForceIPv|Proxy|Queue-Mode)/i.test(line));
  await writeFile(join(root, 'etc/apt/apt.conf.d/00network'), `${transport.join('\n')}\n`);
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined) await writeFile(join(root, 'run/authorities.pem'), await readFile(authorities));
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const proxies = Object.entries(process.env).filter((entry): entry is [string, string] => /_proxy$/i.test(entry[0]) && entry[1] !== undefined);
  return {
    npm_config_registry: registry,
    ...(authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: '/run/authorities.pem' }),
    ...Object.fromEntries(proxies),
  };
}
