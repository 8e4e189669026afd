import { describe, expect, it } from 'vitest';
import { adaptGlobals } from '../../../src/drill/service-globals.ts';

const OLD = { name: 'pgproof_drill', major: 15 };
const NEW = { name: 'pgproof_drill', major: 17 };

const lines = (script: string, administrator = OLD): string[] => adaptGlobals(script, administrator).sql.trimEnd().split('\n');

describe('globals for an administrator who is no superuser', () => {
  it('say nothing of the service’s own roles, and count what was left out', () => {
    const own = [
      'CREATE ROLE rdsadmin;',
      'ALTER ROLE rdsadmin WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;',
      `ALTER ROLE rdsadmin SET log_statement TO 'none';`,
      `ALTER ROLE rdsadmin IN DATABASE postgres SET work_mem TO '1MB';`,
      `COMMENT ON ROLE "rds_iam" IS 'tokens';`,
      `SECURITY LABEL FOR dummy ON ROLE rds_iam IS 'x';`,
      'GRANT pg_monitor TO rds_superuser WITH ADMIN OPTION GRANTED BY rdsadmin;',
      'GRANT rds_password TO rds_superuser;',
      'GRANT SET ON PARAMETER log_statement TO rds_superuser;',
    ];
    expect(adaptGlobals(own.join('\n'), OLD)).toEqual({ sql: '\n', leftOut: 9, doubtful: [] });
  });

  it('keep every role that only begins alike, or is written in capitals or inside something else', () => {
    const kept = [
      `COMMENT ON ROLE app IS 'ALTER ROLE rdsadmin SET x; GRANT a TO rds_iam';`,
      `ALTER ROLE rds_superuser2 SET work_mem TO '1MB';`,
      `ALTER ROLE "RDSADMIN" SET work_mem TO '1MB';`,
      `ALTER ROLE app SET "rds.x" TO 'rdsadmin';`,
      'GRANT rds_report TO rdsadmin_of_mine;',
      'GRANT rds_superuser TO app;',
      'GRANT app TO rds_superuser;',
    ];
    expect(lines(kept.join('\n'))).toEqual(kept);
  });

  it('make the administrator a member of each role', () => {
    expect(lines('CREATE ROLE rds_report;')).toEqual(['CREATE ROLE rds_report;', 'GRANT "rds_report" TO "pgproof_drill";']);
    expect(lines('CREATE ROLE "a ""b";', NEW)).toEqual(['CREATE ROLE "a ""b";', 'GRANT "a ""b" TO "pgproof_drill" WITH INHERIT TRUE, SET TRUE;']);
  });

  it('leave out attributes that are the default and only a superuser may name', () => {
    const attributes = 'NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5';
    expect(lines(`ALTER ROLE nosuperuser WITH ${attributes} VALID UNTIL '2030-01-01 NOBYPASSRLS';`)).toEqual([
      `ALTER ROLE nosuperuser WITH INHERIT NOCREATEROLE CREATEDB LOGIN CONNECTION LIMIT 5 VALID UNTIL '2030-01-01 NOBYPASSRLS' ;`,
    ]);
  });

  it('try each attribute that the role really has by itself, and know the line where that may be refused', () => {
    const { sql, doubtful } = adaptGlobals(`SET a = 'x\ny';\nALTER ROLE "my role" WITH SUPERUSER INHERIT BYPASSRLS;`, OLD);
    expect(sql.split('\n').slice(2)).toEqual(['ALTER ROLE "my role" WITH INHERIT ;', 'ALTER ROLE "my role" WITH SUPERUSER;', 'ALTER ROLE "my role" WITH BYPASSRLS;', '']);
    expect(doubtful).toEqual([
      { line: 4, meaning: 'role my role has SUPERUSER on the source, which the administrator of this server may not give' },
      { line: 5, meaning: 'role my role has BYPASSRLS on the source, which the administrator of this server may not give' },
    ]);
  });

  it('name no grantor up to 15, and since 16 none that the administrator cannot be', () => {
    const grants = 'GRANT a TO b WITH ADMIN OPTION GRANTED BY rdsadmin;\nGRANT a TO c GRANTED BY "the owner";';
    expect(lines(grants, OLD)).toEqual(['GRANT a TO b WITH ADMIN OPTION;', 'GRANT a TO c;']);
    expect(lines(grants, NEW)).toEqual(['GRANT a TO b WITH ADMIN OPTION;', 'GRANT a TO c GRANTED BY "the owner";']);
  });

  it('are refused where a role of the source has the administrator’s own name', () => {
    expect(() => adaptGlobals('CREATE ROLE pgproof_drill;', OLD)).toThrow(`role pgproof_drill of the source has the name of the throwaway server's administrator`);
    expect(() => adaptGlobals('CREATE ROLE pgproof_drills;', OLD)).not.toThrow();
  });
});
