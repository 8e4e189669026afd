import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../../src/postgres/subprocess.ts';
import type { Suite } from './suites.ts';

/**
 * apt with a state of its own: it reads nothing of the machine's lists and packages, writes nothing outside one
 * directory, needs no root, and takes nothing that the distribution has not signed.
 */
export class PrivateApt {
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;

  constructor(directory: string, signal?: AbortSignal) {
    this.#directory = directory;
    this.#signal = signal;
  }

  /** Downloads the lists of one release, for this machine's architecture or another in Debian's words, say `arm64`. */
  async open(suite: Suite, foreign?: string): Promise<void> {
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'packages']) {
      await mkdir(join(this.#directory, name), { recursive: true });
    }
    await writeFile(join(this.#directory, 'status'), '');
    await writeFile(join(this.#directory, 'sources.list'), `${suite.lines.join('\n')}\n`);
    const architecture = foreign ?? (await this.#run('dpkg', ['--print-architecture'])).trim();
    const acquire = (await this.#run('apt-config', ['dump', 'Acquire'])).split('\n').filter(isTransport);
    const config = [...acquire, ...this.#settings(architecture)].join('\n');
    await writeFile(join(this.#directory, 'apt.conf'), `${config}\n`, { mode: 0o600 });
    await this.#apt('apt-get', ['update']);
  }

  /** The majors of PostgreSQL that the release has, newest first. */
  async majors(): Promise<number[]> {
    const names = (await this.#apt('apt-cache', ['pkgnames', 'postgresql-'])).split('\n');
    const majors = names.map((name) => /^postgresql-(\d\d)$/.exec(name)?.[1]).filter((major) => major !== undefined);
    return majors.map(Number).sort((one, other) => other - one);
  }

  /** The packages that must be unpacked for these to run: themselves and the libraries they need. */
  async closure(roots: readonly string[]): Promise<string[]> {
    const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
    return librariesOf(await this.#apt('apt-cache', ['depends', '--recurse', ...only, ...roots]), roots);
  }

  /** Sum of the packages' sizes, in bytes. */
  async sizeOf(packages: readonly string[]): Promise<number> {
    const lines = (await this.#apt('apt-get', ['download', '--print-uris', ...packages])).split('\n');
    return lines.reduce((sum, line) => sum + Number(/^'[^']*' \S+ (\d+)/.exec(line)?.[1] ?? 0), 0);
  }

  /** Downloads packages and returns their files. */
  async download(packages: readonly string[]): Promise<string[]> {
    const directory = join(this.#directory, 'packages');
    await this.#apt('apt-get', ['download', ...packages], directory);
    return (await readdir(directory)).filter((name) => name.endsWith('.deb')).map((name) => join(directory, name));
  }

  #settings(architecture: string): string[] {
    const settings: Record<string, string> = {
      // The machine's own files would add archives, hooks and pins; how it reaches the network was taken over above.
      'Dir::Etc::Parts': '/dev/null',
      'Dir::Etc::main': '/dev/null',
      'Dir::Etc::SourceList': join(this.#directory, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::Etc::Preferences': '/dev/null',
      'Dir::Etc::PreferencesParts': '/dev/null',
      'Dir::State': join(this.#directory, 'state'),
      'Dir::State::status': join(this.#directory, 'status'),
      'Dir::Cache': join(this.#directory, 'cache'),
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Update::Error-Mode': 'any',
      'APT::Get::AllowUnauthenticated': 'false',
      'Acquire::AllowInsecureRepositories': 'false',
      'Acquire::AllowWeakRepositories': 'false',
      'Acquire::AllowDowngradeToInsecureRepositories': 'false',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      // As root apt would download as a user of its own, who cannot write here.
      ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
    };
    return Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  }

  #apt(program: string, args: readonly string[], cwd = this.#directory): Promise<string> {
    return this.#run(program, args, { cwd, env: { APT_CONFIG: join(this.#directory, 'apt.conf'), LC_ALL: 'C' } });
  }

  async #run(path: string, args: readonly string[], more: { cwd?: string; env?: Record<string, string> } = {}) {
    const { stdout } = await runProgram({ path, args, ...more, ...(this.#signal ? { signal: this.#signal } : {}) });
    return stdout;
  }
}

/** Proxies, time-outs and the like; not which lists to download. */
function isTransport(line: string): boolean {
  return /^Acquire::(https?|ftp|tor|mirror|Check-|ForceIPv|Queue-Mode|Proxy|By-Hash)/i.test(line);
}

/** libllvm serves only the compiler of queries (JIT), at three times the size of all the rest. */
const UNWANTED = /^(libllvm|libperl)/;
const isLibrary = (name: string) => /^(lib|zlib1g)/.test(name) && !UNWANTED.test(name);

/** Follows `apt-cache depends --recurse` from the roots, but only through libraries. */
export function librariesOf(depends: string, roots: readonly string[]): string[] {
  const needs = parseDepends(depends);
  const found = new Set(roots);
  for (const name of found) {
    for (const needed of needs.get(name) ?? []) if (isLibrary(needed)) found.add(needed);
  }
  return [...found].sort();
}

/** Of alternatives (`|Depends`) and of the providers of a virtual package (`<…>`) the first is taken. */
function parseDepends(text: string): Map<string, string[]> {
  const needs = new Map<string, string[]>();
  let list: string[] = [];
  let alternative = false;
  let provider = false;
  for (const line of text.split('\n')) {
    const need = /^ ([ |])(?:Pre)?Depends: (\S+)$/.exec(line);
    if (need) {
      const [, bar, name = ''] = need;
      provider = !alternative && name.startsWith('<');
      if (!alternative && !provider) list.push(withoutArchitecture(name));
      alternative = bar === '|';
    } else if (line.startsWith('    ')) {
      if (provider) list.push(withoutArchitecture(line.trim()));
      provider = false;
    } else if (line !== '') {
      needs.set(withoutArchitecture(line.trim()), (list = []));
      alternative = false;
    }
  }
  return needs;
}

function withoutArchitecture(name: string): string {
  return name.replace(/:[a-z0-9]+$/, '');
}
