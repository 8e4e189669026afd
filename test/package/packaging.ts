import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runProgram } from '../../src/postgres/subprocess.ts';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = ['serverless.yml', 'pgproof.yml', 'package.json', 'tsconfig.json', 'deploy', 'functions', 'src', 'layers'];

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: string[];
}

export interface Packaged {
  /** Where the zips are. */
  readonly directory: string;
  readonly template: { readonly Resources: Record<string, Resource>; readonly Outputs: Record<string, { Value: unknown }> };
  remove(): Promise<void>;
}

/** A copy of this checkout to run `serverless` in, so that runs beside each other do not share its scratch directories. */
export interface Copy {
  readonly directory: string;
  /** Runs a command of serverless; PATH is the only thing of this machine that it sees besides what is given. */
  serverless(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ stdout: string }>;
  readonly remove: () => Promise<void>;
}

/** @param change makes the copy's pgproof.yml out of this checkout's */
export async function copyService(change: (configuration: string) => string): Promise<Copy> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-package-'));
  for (const part of PARTS) {
    // A layer that happens to be built here would make the template another one.
    const filter = (path: string): boolean => !path.includes('pg-tools/build/') && !path.endsWith('pg-tools/build');
    await cp(join(ROOT, part), join(directory, part), { recursive: true, filter });
  }
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'pgproof.yml'), change(await readFile(join(ROOT, 'pgproof.yml'), 'utf8')));
  await mkdir(join(directory, 'home'));
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return {
    directory,
    serverless: (args, env) =>
      runProgram({
        path: process.execPath,
        args: [join(ROOT, 'node_modules/serverless/bin/serverless.js'), ...args],
        cwd: directory,
        // The packager leaves a copy of every zip's content in the directory for such things.
        env: { HOME: join(directory, 'home'), TMPDIR: join(directory, 'home'), PATH: path, AWS_PROFILE: '', AWS_EC2_METADATA_DISABLED: 'true', ...env },
        timeoutMilliseconds: 280_000,
      }),
    remove: () => rm(directory, { recursive: true }),
  };
}

/**
 * `serverless package` without credentials, and with every address of AWS replaced by a port where nobody listens: what
 * it needs of the network would fail.
 * @param prepare puts more into the copy before it is packaged
 */
export async function packageService(
  change: (configuration: string) => string = (text) => text,
  prepare: (copy: string) => Promise<void> = async () => undefined,
): Promise<Packaged> {
  const copy = await copyService(change);
  try {
    await prepare(copy.directory);
    const directory = join(copy.directory, 'package');
    await copy.serverless(['package', '--package', directory], OFFLINE);
    return { directory, template: await readTemplate(directory), remove: copy.remove };
  } catch (error) {
    await copy.remove();
    throw error;
  }
}

export async function readTemplate(directory: string): Promise<Packaged['template']> {
  const text = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
  return JSON.parse(text) as Packaged['template'];
}

const NOWHERE = 'http://127.0.0.1:9';
const OFFLINE = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_ENDPOINT_URL: NOWHERE,
  HTTP_PROXY: NOWHERE,
  HTTPS_PROXY: NOWHERE,
};
