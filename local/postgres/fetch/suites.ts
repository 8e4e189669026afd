import { existsSync } from 'node:fs';

/** A release of a distribution whose packages may be fetched, with the lines of a sources.list for it. */
export interface Suite {
  readonly name: string;
  readonly lines: readonly string[];
}

/** What the machine says of itself. */
export interface Machine {
  /** Contents of /etc/os-release. */
  readonly osRelease: string;
  /** What `apt-get update --print-uris` prints: the archives that this machine is set up to use. */
  readonly uris: string;
  readonly hasFile: (path: string) => boolean;
}

/** Debian releases with 15, 17 and 18. Their packages run on each other, because each comes with its own libraries. */
const DEBIAN = ['bookworm', 'trixie', 'forky'];
const KEYRINGS: Readonly<Record<string, string>> = {
  debian: '/usr/share/keyrings/debian-archive-keyring.gpg',
  ubuntu: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
};

/** True on Debian, Ubuntu and what is made of them. */
export function isDebianLike(osRelease: string): boolean {
  return familyOf(osRelease) !== undefined && existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb');
}

/**
 * Where to look, best first: the machine's own release, then on Debian the other ones. The mirrors are those that the
 * machine is set up to use, and none when it is set up for none; signatures are checked against the distribution's keys whatever the machine's own lines say.
 */
export function suitesFor({ osRelease, uris, hasFile }: Machine): Suite[] {
  const family = familyOf(osRelease);
  const own = field(osRelease, 'UBUNTU_CODENAME') ?? field(osRelease, 'VERSION_CODENAME');
  if (family === undefined || own === undefined) return [];
  const keyring = KEYRINGS[family];
  const options = keyring !== undefined && hasFile(keyring) ? `[signed-by=${keyring}] ` : '';
  const archives = archivesIn(uris).filter(({ suite }) => suite === own || suite === `${own}-security`);
  const linesOf = (name: string) => [
    ...new Set(
      archives.map(({ site, suite }) => `deb ${options}${site} ${suite.replace(own, name)} main`),
    ),
  ];
  if (archives.length === 0) return [];
  const names = family === 'ubuntu' ? [own] : [...new Set([own, ...DEBIAN])];
  return names.map((name) => ({ name, lines: linesOf(name) }));
}

/** The archives in lines such as `'http://mirror/debian/dists/bookworm/InRelease' mirror_… 0`. */
function archivesIn(uris: string): { site: string; suite: string }[] {
  const found = [...uris.matchAll(/^'((?:https?|file|mirror\+\w+|tor\+\w+):[^' ]*)\/dists\/([^/' ]+)\/InRelease'/gm)];
  return found.map(([, site = '', suite = '']) => ({ site, suite }));
}

function familyOf(osRelease: string): 'debian' | 'ubuntu' | undefined {
  const ids = [field(osRelease, 'ID'), ...(field(osRelease, 'ID_LIKE') ?? '').split(' ')];
  if (ids.includes('ubuntu')) return 'ubuntu';
  return ids.includes('debian') ? 'debian' : undefined;
}

function field(osRelease: string, name: string): string | undefined {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(osRelease)?.[1]?.replaceAll(/["']/g, '').trim();
  return value === '' ? undefined : value;
}
