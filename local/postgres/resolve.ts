import { PostgresNotFoundError } from '../../src/errors.ts';
import { choosePrograms, findPrograms, type PostgresPrograms, type ProgramChoice } from '../../src/postgres/programs.ts';
import { fetchedPrograms, fetchPostgres, type FetchOptions } from './fetch.ts';

export type ProgramResolver = (choice: ProgramChoice) => Promise<PostgresPrograms>;

export interface ResolverOptions extends Pick<FetchOptions, 'progress' | 'cache' | 'suites' | 'signal'> {
  /** What the user named: a major or a directory of programs. Default: PGPROOF_POSTGRES. */
  readonly wanted?: string;
  /** PATH and PGPROOF_POSTGRES are read from here; default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Replaces the usual places of programs. For tests. */
  readonly places?: readonly string[];
}

/**
 * Gives programs for each need: installed ones before fetched ones, because the user's extensions are with the
 * installed; and when neither will do, the distribution's are fetched. Asked twice, it searches and fetches once.
 * The resolver throws PostgresNotFoundError or PostgresInstallError, each with the command that helps.
 */
export function createProgramResolver(options: ResolverOptions): ProgramResolver {
  const answers = new Map<string, Promise<PostgresPrograms>>();
  return (need) => {
    const wanted = need.wanted ?? options.wanted ?? (options.env ?? process.env).PGPROOF_POSTGRES;
    const choice = { ...need, ...(wanted ? { wanted } : {}) };
    const key = JSON.stringify([choice.serverMajor, choice.needServer, choice.wanted]);
    const known = answers.get(key);
    if (known) return known;
    const answer = resolve(choice, options);
    answers.set(key, answer);
    // The next to ask may have better luck.
    answer.catch(() => answers.delete(key));
    return answer;
  };
}

async function resolve(choice: ProgramChoice, options: ResolverOptions): Promise<PostgresPrograms> {
  const { env, places, cache, progress, suites, signal } = options;
  const { wanted, serverMajor, needServer } = choice;
  const isDirectory = wanted?.includes('/') ?? false;
  const installed = await findPrograms({
    ...(isDirectory && wanted ? { search: [wanted] } : {}),
    ...(env ? { env } : {}),
    ...(places ? { places } : {}),
  });
  try {
    return choosePrograms(installed, choice);
  } catch (error) {
    if (!(error instanceof PostgresNotFoundError) || isDirectory) throw error;
  }
  const fetched = await fetchedPrograms(cache);
  try {
    return choosePrograms(fetched, choice);
  } catch (error) {
    if (!(error instanceof PostgresNotFoundError)) throw error;
  }
  const wantedMajor = wanted === undefined ? undefined : Number(wanted);
  const major = needServer ? (serverMajor ?? wantedMajor) : (wantedMajor ?? serverMajor);
  // What the user wants would not read the server: then only the error helps.
  if ((major ?? 0) < (serverMajor ?? 0)) return choosePrograms(installed, choice);
  return fetchPostgres({
    progress,
    orNewer: !needServer && wanted === undefined,
    ...(major === undefined ? {} : { major }),
    ...(cache === undefined ? {} : { cache }),
    ...(suites ? { suites } : {}),
    ...(signal ? { signal } : {}),
  });
}
