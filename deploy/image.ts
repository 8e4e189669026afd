import { PGPROOF_VERSION } from '../src/version.ts';
import type { Account } from './account.ts';
import { repositoryName } from './options.ts';
import { runStep } from './programs.ts';

export interface ImagePlace {
  readonly account: Account;
  /** docker, or a program with its command line. */
  readonly engine: string;
  readonly stage: string;
  /** As the stack says: `<registry>/<repository>`. */
  readonly repositoryUri: string;
}

/**
 * Builds the worker's image and pushes it under this version's tag. A tag is never moved: one that is there is left.
 *
 * @returns whether it was pushed now
 * @throws DeploymentError naming the step that failed
 */
export async function provideImage(place: ImagePlace): Promise<'pushed' | 'was there'> {
  const { account, engine, stage, repositoryUri } = place;
  const repository = repositoryName(stage);
  if (await account.hasImage(repository, PGPROOF_VERSION)) return 'was there';
  const image = `${repositoryUri}:${PGPROOF_VERSION}`;
  await build(engine, image);
  const registry = repositoryUri.split('/')[0] ?? '';
  const { user, password } = await account.registryLogin();
  const hint = `${engine} login --help; nothing is wrong with the stack: npm run deploy again continues here`;
  await runStep({ purpose: `log in to ${registry}`, program: engine, args: ['login', '--username', user, '--password-stdin', registry], input: password, hint });
  const pushing = await failureOf(push(place, image));
  // The program keeps the password in a file of the user's, also when the push failed.
  const leftover = `${engine} logout ${registry}: until then a password that is good for twelve hours stays in ${engine}'s configuration`;
  const leaving = await failureOf(runStep({ purpose: `log out of ${registry}`, program: engine, args: ['logout', registry], hint: leftover }));
  for (const failure of [pushing, leaving]) if (failure) throw failure;
  return 'pushed';
}

const failureOf = (step: Promise<void>): Promise<Error | undefined> => step.then(() => undefined, (error: Error) => error);

async function build(engine: string, image: string): Promise<void> {
  await runStep({
    purpose: "build the worker's image",
    program: engine,
    args: ['build', '--platform', 'linux/arm64', '--file', 'worker/Dockerfile', '--tag', image, '.'],
    hint: `on another processor than arm64, ${engine} needs emulation: ${engine} run --privileged --rm tonistiigi/binfmt --install arm64; then npm run deploy again`,
  });
}

async function push({ account, engine, stage }: ImagePlace, image: string): Promise<void> {
  try {
    await runStep({ purpose: `push ${image}`, program: engine, args: ['push', image], hint: 'npm run deploy again: what is there already is not pushed twice' });
  } catch (error) {
    // Somebody else deploys the same version: the tag that is there is refused to us, and is the one we want.
    if (!(await account.hasImage(repositoryName(stage), PGPROOF_VERSION))) throw error;
  }
}
