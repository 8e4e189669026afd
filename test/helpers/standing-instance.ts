import type { DatabaseService, Instance } from '../../src/cloud/database-service.ts';
import type { Source } from './source.ts';

/**
 * A database service whose every throwaway instance is the same running cluster, emptied when it is asked for. To a drill
 * it is real PostgreSQL; to a test it costs no initdb. For one drill at a time.
 */
export function standingInstance(cluster: Source): DatabaseService {
  let standing: Instance | undefined;
  const refuse = () => Promise.reject(new Error('a standing instance has no snapshots'));
  return {
    createInstance: async ({ instanceId, tags }) => {
      await empty(cluster);
      standing = { instanceId, status: 'available', createdAt: new Date('2026-11-20T02:00:00Z'), tags };
    },
    describeInstance: async () => standing,
    deleteInstance: async () => void (standing = undefined),
    listInstances: async () => (standing ? [standing] : []),
    connection: async () => {
      const { host, port, user, password = '' } = cluster.address('postgres');
      return { host, port, user, password };
    },
    restoreSnapshot: refuse,
    restoreToPointInTime: refuse,
    recoveryWindow: async () => undefined,
    describeSnapshot: refuse,
    verifySnapshot: refuse,
  };
}

/** Drops every database and role but those that initdb makes. */
export async function empty(cluster: Source): Promise<void> {
  const databases = await cluster.sql('postgres', `select format('drop database %I with (force)', datname) as drop from pg_database where datname not in ('postgres', 'template0', 'template1')`);
  for (const { drop } of databases) await cluster.sql('postgres', String(drop));
  const roles = await cluster.sql('postgres', `select format('drop role %I', rolname) as drop from pg_roles where oid >= 16384`);
  for (const { drop } of roles) await cluster.sql('postgres', String(drop));
}
