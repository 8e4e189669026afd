import { describe, expect, it } from 'vitest';
import { classifyRestoreOutput, countErrors, ignoredErrors } from '../../../src/postgres/restore-output.ts';

// Recorded from pg_restore and psql 15.18; the comments say what was done to bring each about.

/** The type of an argument was left out of the archive's list; the function's text imitates pg_restore. */
const LYING_FUNCTION = `pg_restore: error: could not execute query: ERROR:  type public.st does not exist
Command was: CREATE FUNCTION public.f(x public.st) RETURNS text
    LANGUAGE plpgsql
    AS $$
begin
  -- ERROR:  this is not an error
  raise warning '
pg_restore: error: neither is this
psql:1: ERROR:  nor this
Command was: select 1;
pg_restore: warning: errors ignored on restore: 0';
  return 'x';
end $$;


pg_restore: error: could not execute query: ERROR:  type "public.st" does not exist
LINE 3:     s public.st,
              ^
Command was: CREATE TABLE public.t (
    id integer NOT NULL,
    s public.st
);


pg_restore: error: could not execute query: ERROR:  relation "public.t" does not exist
Command was: COPY public.t (id, s, n) FROM stdin;
pg_restore: warning: errors ignored on restore: 3
`;

/** A role was missing, everything else went well. */
const MISSING_ROLE = `pg_restore: error: could not execute query: ERROR:  role "gone_role" does not exist
Command was: ALTER TABLE public.u OWNER TO gone_role;

pg_restore: warning: errors ignored on restore: 1
`;

/** The server process was killed while it loaded a table. */
const SERVER_GONE = `pg_restore: error: error returned by PQputCopyData: server closed the connection unexpectedly
	This probably means the server terminated abnormally
	before or while processing the request.
`;

/** Globals were run as a script by psql. */
const PSQL = `psql:<stdin>:1: ERROR:  invalid locale name: "xx_XX.utf8"
psql:<stdin>:2: ERROR:  role "postgres" already exists
psql:<stdin>:3: ERROR:  unrecognized role option "bogus"
LINE 1: create role "a b" bogus;
                          ^
psql:<stdin>:6: NOTICE:  multi
line
psql:<stdin>:8: error: backslash commands are restricted; only \\unrestrict is allowed
psql:<stdin>:9: ERROR:  role "nobody_here" does not exist
`;

/** pg_restore 17 before a server 15. */
const NEWER = `pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
Command was: SET transaction_timeout = 0;
pg_restore: warning: errors ignored on restore: 1
`;

function severities(stderr: string): string[] {
  return classifyRestoreOutput(stderr).map(({ severity, line }) => `${severity}: ${line}`);
}

describe('what pg_restore says', () => {
  it('is nothing when it says nothing', () => {
    expect(classifyRestoreOutput('')).toEqual([]);
    expect(classifyRestoreOutput('\n\n')).toEqual([]);
  });

  it('is judged by the cause and not by the statement below it, which can only add to it', () => {
    const found = severities(LYING_FUNCTION);
    expect(found.filter((line) => line.includes('could not execute'))).toEqual([
      'failed: pg_restore: error: could not execute query: ERROR:  type public.st does not exist',
      'failed: pg_restore: error: could not execute query: ERROR:  type "public.st" does not exist',
      'failed: pg_restore: error: could not execute query: ERROR:  relation "public.t" does not exist',
    ]);
    expect(found.every((line) => line.startsWith('failed'))).toBe(true);
    expect(found.join('\n')).not.toContain('this is not an error');
    expect(ignoredErrors(LYING_FUNCTION)).toBe(3);
  });

  it('counts as failed when it is unknown, be it an error, a warning or a line of nobody’s', () => {
    expect(severities(MISSING_ROLE)).toEqual(['failed: pg_restore: error: could not execute query: ERROR:  role "gone_role" does not exist']);
    expect(severities('pg_restore: warning: something new in version 19\n')).toEqual(['failed: pg_restore: warning: something new in version 19']);
    expect(severities('Killed\n')).toEqual(['failed: Killed']);
    expect(severities('  indented, with nothing above it\n')).toEqual(['failed:   indented, with nothing above it']);
    expect(severities('pg_restore: warning: one\n  and an indented line below\n')).toHaveLength(2);
  });

  it('tolerates a time limit that only a newer version knows, and no other setting', () => {
    expect(classifyRestoreOutput(NEWER)).toMatchObject([{ severity: 'tolerated', meaning: expect.stringContaining('newer pg_restore') as string }]);
    expect(severities(NEWER.replaceAll('transaction_timeout', 'app.tenant'))).toHaveLength(1);
    expect(severities(NEWER.replaceAll('transaction_timeout', 'app.tenant'))[0]).toMatch(/^failed/);
  });

  it('does not tolerate the tolerated message inside another', () => {
    const inside = 'pg_restore: error: COPY failed: unrecognized configuration parameter "transaction_timeout"\n';
    expect(severities(inside)[0]).toMatch(/^failed/);
    const longer = NEWER.replace('"transaction_timeout"\n', '"transaction_timeout" and more\n');
    expect(severities(longer)[0]).toMatch(/^failed/);
  });

  it.each([
    ['pg_restore: error: could not execute query: ERROR:  extension "postgis" is not available', 'the throwaway server lacks the extension'],
    ['pg_restore: error: could not execute query: ERROR:  could not access file "$libdir/postgis-3": No such file or directory', 'the throwaway server lacks a library'],
    ['pg_restore: error: could not execute query: ERROR:  invalid locale name: "de_DE.utf8"', 'the throwaway server lacks the locale'],
    ['pg_restore: error: could not execute query: ERROR:  could not extend file "base/1/2": No space left on device', 'the throwaway server has no room'],
    ['pg_restore: error: could not execute query: ERROR:  out of memory', 'there is too little memory'],
    ['pg_restore: error: could not execute query: ERROR:  permission denied to create extension "x"', 'the throwaway server does not let its administrator do this'],
    ['psql:<stdin>:5: error: invalid command \\restrict', 'this psql is older than the pg_dumpall that wrote the globals'],
    ['pg_restore: error: unsupported version (1.16) in file header', 'this pg_restore is too old for the archive'],
    [SERVER_GONE.split('\n')[0] ?? '', 'the throwaway server went away'],
  ])('knows what says nothing of the backup: %s', (line, meaning) => {
    expect(classifyRestoreOutput(`${line}\n`)).toEqual([{ line, severity: 'environment', cause: 'environment', meaning }]);
  });

  it('takes the lines below a lost connection for part of it', () => {
    expect(severities(SERVER_GONE)).toHaveLength(1);
  });

  it('keeps a value of the data out of what is passed on', () => {
    const copy = (text: string) => classifyRestoreOutput(`pg_restore: error: COPY failed for table "t": ERROR:  ${text}\nCONTEXT:  COPY t, line 1, column s: "secret"\n`);
    const lines = [
      ...copy('invalid input syntax for type integer: "secret"'),
      ...copy('value "secret" is out of range for type integer'),
      ...copy('date/time field value out of range: "secret "quoted""'),
      ...copy('invalid byte sequence for encoding "UTF8": 0x5ec4e7'),
      ...classifyRestoreOutput('pg_restore: error: could not execute query: ERROR:  malformed array literal: "secret"\n'),
    ].map(({ line, severity }) => `${severity} ${line}`);
    expect(lines.join('\n')).not.toMatch(/secret|5ec4e7/);
    expect(lines[0]).toBe('failed pg_restore: error: COPY failed for table "t": ERROR:  invalid input syntax for type integer: (a value, not repeated here)');
    const constraint = copy('duplicate key value violates unique constraint "t_pkey"');
    expect(constraint[0]?.line).toContain('"t_pkey"');
  });
});

describe('how many errors pg_restore says it passed over', () => {
  it('is its last line, and must be the number that was seen', () => {
    expect(ignoredErrors(MISSING_ROLE)).toBe(1);
    expect(countErrors(classifyRestoreOutput(MISSING_ROLE))).toBe(1);
  });

  it('is none when it did not come to its end', () => {
    expect(ignoredErrors(SERVER_GONE)).toBe(0);
    expect(ignoredErrors(`${MISSING_ROLE}pg_restore: error: could not read from input file: end of file\n`)).toBe(0);
  });
});

describe('what psql says of the globals', () => {
  it('is tolerated where it was expected, word for word', () => {
    const pattern = /^psql:<stdin>:\d+: ERROR: {2}role "postgres" already exists$/;
    const found = classifyRestoreOutput(PSQL, [{ pattern, meaning: 'every server has its superuser already' }]);
    expect(found.map(({ severity, line }) => `${severity}: ${line}`)).toEqual([
      'environment: psql:<stdin>:1: ERROR:  invalid locale name: "xx_XX.utf8"',
      'tolerated: psql:<stdin>:2: ERROR:  role "postgres" already exists',
      'failed: psql:<stdin>:3: ERROR:  unrecognized role option "bogus"',
      'failed: psql:<stdin>:6: NOTICE:  multi',
      'failed: line',
      'failed: psql:<stdin>:8: error: backslash commands are restricted; only \\unrestrict is allowed',
      'failed: psql:<stdin>:9: ERROR:  role "nobody_here" does not exist',
    ]);
  });
});

describe('what an administrator without superuser is refused', () => {
  // Recorded from PostgreSQL 15.18 and 17.
  it.each([
    'pg_restore: error: could not execute query: ERROR:  must be member of role "rdsadmin"',
    'pg_restore: error: could not execute query: ERROR:  must be able to SET ROLE "rdsadmin"',
    'pg_restore: error: could not execute query: ERROR:  must be superuser to create FOR ALL TABLES publication',
    'pg_restore: error: could not execute query: ERROR:  only superuser can define a leakproof function',
    'pg_restore: error: could not execute query: ERROR:  permission denied to set session authorization "shop_app"',
    'psql:<stdin>:7: ERROR:  must have admin option on role "pg_monitor"',
    'pg_restore: WARNING:  no privileges were granted for "f"',
  ])('says nothing of the backup: %s', (line) => {
    expect(classifyRestoreOutput(line)).toMatchObject([{ severity: 'environment', cause: 'environment', line }]);
  });

  it('is told apart from what only sounds like it', () => {
    const line = 'pg_restore: error: could not execute query: ERROR:  relation "must" is a member of role';
    expect(classifyRestoreOutput(line)).toMatchObject([{ severity: 'failed', cause: 'backup' }]);
  });

  it('is explained by who expects it, and counts as the environment', () => {
    const expected = [{ pattern: /^psql:<stdin>:4: ERROR: {2}must be superuser/, meaning: 'role a has BYPASSRLS', severity: 'environment' as const }];
    const lines = ['psql:<stdin>:4: ERROR:  must be superuser to alter bypassrls attribute', 'psql:<stdin>:5: ERROR:  role "b" already exists'];
    expect(classifyRestoreOutput(lines.join('\n'), expected)).toMatchObject([
      { severity: 'environment', meaning: 'role a has BYPASSRLS' },
      { severity: 'failed', cause: 'backup' },
    ]);
  });
});
