import { readBound } from '../backup/archive.ts';
import { classifyRestoreOutput, type Complaint, type Expectation } from '../postgres/restore-output.ts';
import { attempt, MAINTENANCE, restoreEnvironment, type RestoreSetting } from './restore-program.ts';
import { adaptGlobals } from './service-globals.ts';

/**
 * Roles, memberships and role settings, before everything that refers to them; in the form that the server's administrator
 * can run where he is no superuser.
 * @throws SubprocessError when psql did not come to the end of them; it goes on after errors, so its exit code says that
 * @throws ConfigurationError where a role of the source has the administrator's own name
 */
export async function restoreGlobals(setting: RestoreSetting): Promise<Complaint[]> {
  const { sql, expected } = scriptFor(setting, await readBound(setting.store, setting.manifest.globals));
  const { stderr, error } = await attempt({
    path: setting.programs.path('psql'),
    args: ['--no-psqlrc', '--quiet', '--no-password', `--dbname=${MAINTENANCE}`, '--file=-'],
    env: restoreEnvironment(setting),
    input: sql,
    signal: setting.signal,
  });
  const complaints = classifyRestoreOutput(stderr, expected);
  if (error && !complaints.some(({ severity }) => severity !== 'tolerated')) throw error;
  return complaints;
}

function scriptFor({ manifest, administrator }: RestoreSetting, script: string): { sql: string; expected: Expectation[] } {
  if (!administrator) {
    const pattern = new RegExp(`^psql:<stdin>:\\d+: ERROR: {2}role "${RegExp.escape(manifest.source.superuser)}" already exists$`);
    return { sql: script, expected: [{ pattern, meaning: 'every server has its superuser already' }] };
  }
  const { sql, doubtful } = adaptGlobals(script, administrator);
  const refused = doubtful.map(({ line, meaning }): Expectation => {
    const pattern = new RegExp(`^psql:<stdin>:${line}: ERROR: {2}(must be superuser|permission denied|only superuser)`);
    return { pattern, meaning: `${meaning}; drill.target: task can`, severity: 'environment' };
  });
  // The service may have more roles of its own than are known; that one of them is in the way says nothing of the backup.
  const pattern = /^psql:<stdin>:\d+: ERROR: {2}role ".*" already exists$/;
  // Where the server is set to make him a member of what he makes.
  const name = RegExp.escape(administrator.name);
  const known = new RegExp(`^psql:<stdin>:\\d+: NOTICE: {2}role "${name}" (is already a member of|has already been granted membership in) role ".*"`);
  const member = { pattern: known, meaning: 'the administrator was a member already' };
  return { sql, expected: [...refused, member, { pattern, meaning: 'this server had a role of that name before', severity: 'environment' }] };
}
