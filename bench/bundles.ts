import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceSection } from '../docs/readme-blocks.ts';
import { runProgram } from '../src/postgres/subprocess.ts';
import { readZip } from '../test/package/zip.ts';
import { median } from './measure.ts';
import { weigh } from './weigh.ts';

/** `npm run bench:bundles [-- --rounds 11]`: size and cold start of every function, as packaged; writes its part of bench/README.md. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COLD_START = fileURLToPath(new URL('cold-start.mjs', import.meta.url));

interface Packaged {
  readonly name: string;
  /** Path of the handler inside the zip, without ending. */
  readonly handler: string;
  readonly zipBytes: number;
  /** Of the unpacked bundle. */
  readonly file: string;
}

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly Handler: string; readonly FunctionName: string; readonly Code: { readonly S3Key: string } };
}

async function packageFunctions(place: string): Promise<Packaged[]> {
  const directory = join(place, 'package');
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  // The packager leaves a copy of every zip's content in the directory for such things.
  const env = { ...process.env, TMPDIR: place } as Record<string, string>;
  await runProgram({ path: process.execPath, args: [serverless, 'package', '--package', directory], cwd: ROOT, env });
  const template = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
  const { Resources } = JSON.parse(template) as { Resources: Record<string, Resource> };
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return await Promise.all(
    functions.map(async ({ Properties: { Handler, Code } }) => {
      const name = Code.S3Key.split('/').at(-1)?.replace('.zip', '') ?? '';
      const handler = Handler.replace(/\.handler$/, '');
      const zip = join(directory, `${name}.zip`);
      await unpack(zip, join(place, name));
      return { name, handler, zipBytes: (await stat(zip)).size, file: join(place, name, `${handler}.mjs`) };
    }),
  );
}

async function unpack(zip: string, directory: string): Promise<void> {
  for (const [file, bytes] of readZip(zip)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), bytes);
  }
}

async function startCold({ name, file }: Packaged): Promise<{ milliseconds: number; megabytes: number }> {
  const { stdout } = await runProgram({
    path: process.execPath,
    args: [COLD_START, pathToFileURL(file).href],
    cwd: dirname(file),
    env: { AWS_LAMBDA_FUNCTION_NAME: name, NODE_OPTIONS: '--enable-source-maps' },
  });
  return JSON.parse(stdout) as { milliseconds: number; megabytes: number };
}

const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;

async function row(packaged: Packaged, rounds: number): Promise<string> {
  const { bytes, ownBytes } = await weigh(join(ROOT, `${packaged.handler}.ts`));
  // The first start reads the file from disk and is not counted.
  await startCold(packaged);
  const starts = [];
  for (let round = 0; round < rounds; round += 1) starts.push(await startCold(packaged));
  const times = starts.map(({ milliseconds }) => milliseconds);
  const memory = median(starts.map(({ megabytes }) => megabytes)).toFixed(0);
  const [best, middle] = [Math.min(...times).toFixed(0), median(times).toFixed(0)];
  const sizes = [bytes, ownBytes, packaged.zipBytes].map(kilobytes).join(' | ');
  return `| ${packaged.name} | ${sizes} | ${best} ms | ${middle} ms | ${memory} MB |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '11' } } });
  const rounds = Number(values.rounds);
  const place = await mkdtemp(join(tmpdir(), 'pgproof-bench-bundles-'));
  try {
    const rows: string[] = [];
    for (const packaged of await packageFunctions(place)) {
      rows.push(await row(packaged, rounds));
      process.stderr.write(`${rows.at(-1)}\n`);
    }
    const about = `Node ${process.version}, ${process.arch}, ${cpus().length} cores, ${rounds} starts each, ${new Date().toISOString().slice(0, 10)}.`;
    const head = '| | minified | without the SDK | zip, with map | start: best | median | peak memory |\n|---|---|---|---|---|---|---|';
    const path = fileURLToPath(new URL('README.md', import.meta.url));
    const text = await readFile(path, 'utf8');
    await writeFile(path, replaceSection(text, 'bench: bundles', [about, '', head, ...rows].join('\n')));
  } finally {
    await rm(place, { recursive: true });
  }
}

await main();
