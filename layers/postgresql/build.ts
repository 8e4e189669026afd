import { fetchPostgres, machineSuites } from '../../local/postgres/fetch.ts';
import { ConfigurationError, describeError } from '../../src/errors.ts';

/**
 * Puts PostgreSQL, server and client, of several majors into a directory of the worker's image, from Debian's signed
 * packages: each with its own loader and libraries, whatever the image's release is.
 *
 *     node layers/postgresql/build.ts DIRECTORY MAJOR...
 */
export async function buildPostgres(directory: string, majors: readonly number[]): Promise<void> {
  const suites = await machineSuites();
  for (const major of majors) {
    const { version } = await fetchPostgres({ major, cache: directory, suites, progress: say });
    say(`PostgreSQL ${version} is complete`);
  }
}

function say(message: string): void {
  process.stdout.write(`${message}\n`);
}

if (import.meta.main) {
  const [directory = '', ...majors] = process.argv.slice(2);
  try {
    if (!directory.startsWith('/') || majors.length === 0 || !majors.every((major) => /^\d\d$/.test(major))) {
      throw new ConfigurationError(['expected an absolute directory and majors: node layers/postgresql/build.ts /opt/pgproof 15 17 18']);
    }
    await buildPostgres(directory, majors.map(Number));
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = 1;
  }
}
