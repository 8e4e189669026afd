/**
 * Roles that RDS and Aurora make on every instance and keep to themselves, by their exact names. No pattern: a role of the
 * user's may be called `rds_report`. One that RDS adds later is not known here, and a drill then says so instead of guessing.
 */
export const SERVICE_ROLES: ReadonlySet<string> = new Set([
  'rdsadmin',
  'rdsrepladmin',
  'rdstopmgr',
  'rdsproxyadmin',
  'rdswriteforwarduser',
  'rds_superuser',
  'rds_replication',
  'rds_password',
  'rds_iam',
  'rds_ad',
  'rds_extension',
  'rds_reserved',
]);

/** The superuser of every instance of RDS, which nobody can log in as. */
export const SERVICE_SUPERUSER = 'rdsadmin';

/**
 * The administrator of throwaway instances of RDS. No role of a source may have its name, because then nobody could tell what
 * of it came out of the backup.
 */
export const DRILL_ADMINISTRATOR = 'pgproof_drill';

export function isServiceRole(name: string): boolean {
  return SERVICE_ROLES.has(name);
}

/** True for a membership that the service made: of one of its roles in another or in one of PostgreSQL's own. */
export function isServiceMembership(member: string, role: string): boolean {
  return isServiceRole(member) && (isServiceRole(role) || role.startsWith('pg_'));
}
