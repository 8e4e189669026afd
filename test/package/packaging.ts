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

/**
 * `serverless package` in a copy of this checkout, so that runs beside each other do not share its scratch directories.
 * No credentials, an empty home, and every address of AWS replaced by a port where nobody listens: what it needs of the
 * network would fail.
 */
export async function packageService(change: (configuration: string) => string = (text) => text): Promise<Packaged> {
  const copy = await mkdtemp(join(tmpdir(), 'pgproof-package-'));
  const remove = (): Promise<void> => rm(copy, { recursive: true });
  try {
    for (const part of PARTS) await cp(join(ROOT, part), join(copy, part), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    await writeFile(join(copy, 'pgproof.yml'), change(await readFile(join(ROOT, 'pgproof.yml'), 'utf8')));
    await mkdir(join(copy, 'home'));
    const directory = join(copy, 'package');
    await runProgram({
      path: process.execPath,
      args: [join(ROOT, 'node_modules/serverless/bin/serverless.js'), 'package', '--package', directory],
      cwd: copy,
      env: offlineEnvironment(copy),
      timeoutMilliseconds: 280_000,
    });
    const text = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
    return { directory, template: JSON.parse(text) as Packaged['template'], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function offlineEnvironment(copy: string): Record<string, string> {
  const nowhere = 'http://127.0.0.1:9';
  return {
    HOME: join(copy, 'home'),
    PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter),
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_PROFILE: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: nowhere,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
  };
}
