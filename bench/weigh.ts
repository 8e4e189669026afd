import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What AWS wrote to talk to AWS: its clients, and the parts that all of them share. */
const SDK = /node_modules\/(@aws-sdk|@smithy|@aws|@aws-crypto|bowser)\//;

export interface Weight {
  /** Of the minified bundle. */
  readonly bytes: number;
  /** Without what comes from AWS's SDK. */
  readonly ownBytes: number;
}

/** The size of a handler's bundle, made with the options of serverless.yml. Writes nothing. */
export async function weigh(handler: string): Promise<Weight> {
  const plugins = createRequire(import.meta.url)('../deploy/esbuild-plugins.cjs') as Plugin[];
  const { metafile } = await build({
    entryPoints: [handler],
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    write: false,
    metafile: true,
    outfile: 'bundle.mjs',
    // The other one writes what lies beside the code.
    plugins: plugins.filter(({ name }) => name === 'english-only'),
  });
  const output = metafile.outputs['bundle.mjs'];
  if (!output) throw new Error(`${handler} made no bundle`);
  const ofSdk = Object.entries(output.inputs).filter(([path]) => SDK.test(path));
  return { bytes: output.bytes, ownBytes: output.bytes - ofSdk.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) };
}
