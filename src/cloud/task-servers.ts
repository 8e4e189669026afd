import type { PostgresPrograms } from '../postgres/programs.ts';

/** What it takes to run a throwaway server inside a worker's own task. */
export interface TaskServers {
  /** A directory with room for a copy of the database: on Fargate the task's ephemeral storage. */
  readonly home: string;
  /**
   * PostgreSQL's server programs of exactly this major.
   * @throws PostgresNotFoundError
   */
  programsFor(major: number): Promise<PostgresPrograms>;
}
