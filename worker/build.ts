import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { publicCertificates, rdsCertificates } from './certificates.ts';

/**
 * Bundles the worker into one file with its source map, and writes the certificate authorities beside it.
 *
 *     node worker/build.ts [DIRECTORY]
 */
export async function buildWorker(directory: string): Promise<void> {
  const root = join(import.meta.dirname, '..');
  // The other one is about what lies beside a function's code.
  const plugins = (createRequire(import.meta.url)('../deploy/esbuild-plugins.cjs') as Plugin[]).filter(({ name }) => name === 'english-only');
  await mkdir(directory, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['worker/main.ts'],
    outfile: join(directory, 'main.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    plugins,
    // PostgreSQL's client asks for its native half only when told to.
    external: ['pg-native'],
    // Some dependencies are CommonJS and ask for Node's modules by require.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
    logLevel: 'warning',
  });
  const now = new Date();
  await writeFile(join(directory, 'rds-certificates.pem'), rdsCertificates(now));
  await writeFile(join(directory, 'public-certificates.pem'), publicCertificates(now));
}

if (import.meta.main) await buildWorker(resolve(process.argv[2] ?? join(import.meta.dirname, 'build')));
