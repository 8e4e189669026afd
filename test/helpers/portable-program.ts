import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

export interface PortableProgram {
  readonly node: string;
  readonly script: string;
  remove(): Promise<void>;
}

/**
 * A script in one file, and Node beside it, where any user can run them: a checkout of root's may be closed to others.
 */
export async function makePortable(script: string): Promise<PortableProgram> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-portable-'));
  await chmod(directory, 0o755);
  const node = join(directory, 'node');
  await copyFile(process.execPath, node);
  await chmod(node, 0o755);
  const outfile = join(directory, 'program.mjs');
  const banner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
  const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' } as const;
  await build({ entryPoints: [script], outfile, banner: { js: banner }, external: ['pg-native'], ...options });
  return { node, script: outfile, remove: () => rm(directory, { recursive: true }) };
}
