import { cp, lstat, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { runInside } from './container.ts';
import { isIgnored, parseDockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { joinNetwork, makeNodeImage } from './file-system.ts';

const CONTEXT = join(import.meta.dirname, '../..');

/** What a container engine would have made of worker/Dockerfile. */
export interface Image {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly directory: string;
  readonly entrypoint: readonly string[];
  remove(): Promise<void>;
}

interface Building {
  readonly root: string;
  env: Record<string, string>;
  user: Image['user'];
  directory: string;
  entrypoint: readonly string[];
}

/** Executes the very instructions, one after the other, in root file systems of a clean Debian. Needs root and the network. */
export async function buildImage(dockerfile: string): Promise<Image> {
  const place = await mkdtemp(join(tmpdir(), 'pgproof-image-'));
  const remove = () => rm(place, { recursive: true, force: true, maxRetries: 3 });
  try {
    const stages = parseDockerfile(dockerfile);
    const release = /-([a-z]+)-slim@/.exec(stages[0]?.base ?? '')?.[1] ?? '';
    await makeNodeImage(join(place, 'base'), release);
    const ignore = await readFile(join(CONTEXT, '.dockerignore'), 'utf8');
    const roots = new Map<string, string>();
    let built: Building | undefined;
    for (const [index, stage] of stages.entries()) {
      const name = stage.name ?? String(index);
      const root = join(place, name);
      await runProgram({ path: 'cp', args: ['--archive', '--reflink=auto', join(place, 'base'), root] });
      built = await buildStage(stage, root, { roots, ignore });
      roots.set(name, root);
    }
    if (!built) throw new Error('no stage');
    for (const root of roots.values()) if (root !== built.root) await rm(root, { recursive: true });
    await rm(join(place, 'base'), { recursive: true });
    return { ...built, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function buildStage(stage: Stage, root: string, context: CopyContext): Promise<Building> {
  const network = await joinNetwork(root);
  const building: Building = { root, env: {}, user: { uid: 0, gid: 0 }, directory: '/', entrypoint: [] };
  for (const instruction of stage.instructions) await execute(instruction, building, network, context);
  return building;
}

async function execute(instruction: Instruction, building: Building, network: Readonly<Record<string, string>>, context: CopyContext): Promise<void> {
  switch (instruction.kind) {
    case 'RUN':
      await run(instruction.script, building, network);
      return;
    case 'COPY':
      for (const source of instruction.sources) await copy(source, instruction, building, context);
      return;
    case 'ENV':
      Object.assign(building.env, instruction.variables);
      return;
    case 'WORKDIR':
      building.directory = instruction.path;
      await mkdir(join(building.root, instruction.path), { recursive: true });
      return;
    case 'USER':
      building.user = { uid: instruction.uid, gid: instruction.gid };
      return;
    case 'ENTRYPOINT':
      building.entrypoint = instruction.command;
      return;
    case 'VOLUME':
      for (const path of instruction.paths) if (!(await lstat(join(building.root, path))).isDirectory()) throw new Error(`${path} is no directory`);
      return;
  }
}

async function run(script: string, { root, env, user, directory }: Building, network: Readonly<Record<string, string>>): Promise<void> {
  const { exitCode, stdout, stderr } = await runInside({ root, args: ['/bin/sh', '-c', script], env: { ...env, ...network }, directory, user });
  if (exitCode !== 0) throw new Error(`RUN ${script}\nended with ${exitCode}:\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
}

interface CopyContext {
  readonly roots: ReadonlyMap<string, string>;
  readonly ignore: string;
}

/** As COPY does: of a directory its content is copied; a target that ends in / is one to copy into. */
async function copy(source: string, { from, to }: Extract<Instruction, { kind: 'COPY' }>, { root, directory }: Building, { roots, ignore }: CopyContext): Promise<void> {
  const origin = from === undefined ? CONTEXT : roots.get(from);
  if (origin === undefined) throw new Error(`no stage ${from}`);
  const path = join(origin, source);
  const target = join(root, to.startsWith('/') ? to : join('/', directory, to));
  const isDirectory = (await lstat(path)).isDirectory();
  const destination = !isDirectory && /(^\.|\/)$/.test(to) ? join(target, source.split('/').at(-1) ?? '') : target;
  await mkdir(join(destination, '..'), { recursive: true });
  if (from !== undefined) {
    await mkdir(isDirectory ? destination : join(destination, '..'), { recursive: true });
    await runProgram({ path: 'cp', args: ['--archive', isDirectory ? `${path}/.` : path, destination] });
    return;
  }
  if (isIgnored(ignore, source)) throw new Error(`COPY ${source}: is kept out by .dockerignore`);
  await cp(path, destination, { recursive: true, filter: (each) => !isIgnored(ignore, relative(CONTEXT, each)) });
}
