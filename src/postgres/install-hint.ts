import { readFileSync } from 'node:fs';

export interface InstallNeed {
  readonly major?: number;
  readonly needServer: boolean;
}

export interface Machine {
  readonly platform: string;
  /** Contents of /etc/os-release, empty where there is none. */
  readonly osRelease: string;
}

/** The command that installs PostgreSQL on this machine. */
export function installHint(need: InstallNeed, machine: Machine = thisMachine()): string {
  const major = need.major;
  if (machine.platform === 'darwin') return `brew install postgresql@${major ?? 17}`;
  const family = familyOf(machine.osRelease);
  if (family.some((id) => id === 'debian' || id === 'ubuntu')) {
    const name = need.needServer ? 'postgresql' : 'postgresql-client';
    const install = `sudo apt-get install ${name}${major === undefined ? '' : `-${major}`}`;
    return `${install} (a major your release lacks is at https://wiki.postgresql.org/wiki/Apt)`;
  }
  if (family.some((id) => id === 'fedora' || id === 'rhel' || id === 'centos')) {
    const packages = need.needServer ? 'server contrib' : 'client';
    if (major === undefined) return 'sudo dnf install postgresql-server postgresql-contrib';
    const names = packages.split(' ').map((name) => `postgresql${major}${name === 'client' ? '' : `-${name}`}`);
    return `sudo dnf install ${names.join(' ')} (from https://www.postgresql.org/download/linux/redhat/)`;
  }
  if (family.includes('alpine')) return `sudo apk add postgresql${major ?? ''} postgresql${major ?? ''}-contrib`;
  if (family.includes('arch')) return 'sudo pacman -S postgresql';
  return `install PostgreSQL${major === undefined ? '' : ` ${major}`} from https://www.postgresql.org/download/`;
}

function thisMachine(): Machine {
  return { platform: process.platform, osRelease: readOsRelease() };
}

/** Contents of /etc/os-release, empty where there is none. */
export function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

function familyOf(osRelease: string): string[] {
  const values = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].map((match) => match[1] ?? '');
  return values.flatMap((value) => value.replaceAll(/["']/g, '').split(' '));
}
