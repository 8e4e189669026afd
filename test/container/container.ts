import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PATH } from './file-system.ts';

export interface Command {
  readonly root: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A directory of this machine that is /tmp in there; everything else is read-only then, as with ReadonlyRootFilesystem. */
  readonly tmp?: string;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In a mount namespace of its own, so that nothing of it is left when the last process has ended. */
const ENTER = `
set -e
root=$1 directory=$2 user=$3 tmp=$4
shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$tmp" ]; then
  mount --bind "$tmp" "$root/tmp"
  mount -o remount,bind,ro "$root"
fi
exec chroot --userspec="$user" "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$directory" "$@"
`;

/** Runs a command inside a root file system, its environment and nothing of this machine's; the network is this machine's. */
export async function runInside({ root, args, env, directory = '/', user, tmp = '' }: Command): Promise<Ended> {
  const who = user ? `${user.uid}:${user.gid}` : '0:0';
  const variables = Object.entries({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env });
  const inside = ['env', '-i', ...variables.map(([name, value]) => `${name}=${value}`), ...args];
  const outside = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER, 'sh', root, directory, who, tmp, ...inside];
  const child = spawn('unshare', outside, { env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}
