/**
 * What is recorded of a database in the dump's own snapshot and read again from the restored copy.
 * Facts hold names, definitions, counts and hashes, never a row's value and never a secret.
 */
export interface Facts {
  readonly format: 1;
  /** Version of the reader, FACTS_READER; facts of different readers differ in spelling. */
  readonly reader: number;
  /** ISO 8601; the moment the snapshot was taken, by the source's clock. */
  readonly readAt: string;
  /** How much was read: `structure` has no tables' rows, `rows` has counts, `content` has hashes too. */
  readonly scope: FactsScope;
  readonly server: ServerFacts;
  /** Every table and partition, sorted by name. */
  readonly tables: readonly TableFacts[];
  /** The catalogue: for each set, object identity → definition in one line. */
  readonly sets: Readonly<Record<FactSetName, FactSet>>;
  readonly sequences: readonly SequenceFacts[];
  readonly largeObjects: LargeObjectFacts;
  /** What is wrong with the database itself and a dump leaves out without a word. */
  readonly defects: DefectFacts;
  /** Milliseconds each stage of the reading took, for the evidence. */
  readonly timings: Readonly<Record<string, number>>;
}

export type FactsScope = 'structure' | 'rows' | 'content';

export interface ServerFacts {
  /** `server_version`, e.g. `15.18 (Debian …)`. */
  readonly version: string;
  readonly major: number;
  /** Name of the database inside the server. */
  readonly database: string;
  /** Role with OID 10: the one initdb made. */
  readonly superuser: string;
  readonly systemIdentifier?: string;
  /** WAL position when the snapshot was taken; absent where the role may not ask. */
  readonly lsn?: string;
}

export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partition' | 'partitioned' | 'foreign';
  /** Exact; a decimal string because bigint does not fit JSON. Absent for scope `structure` and foreign tables. */
  readonly rows?: string;
  /**
   * Sum of one 64-bit hash per row, as a decimal string. A row's hash runs over the text of its columns in the order of
   * their names, because a column's position may change in a restore and its name may not.
   */
  readonly hash?: string;
  /** pg_table_size, for the report. */
  readonly bytes: number;
  /** The partitioned table that this is a partition of. */
  readonly parent?: TableName;
  /** How a partitioned table divides its rows. */
  readonly strategy?: 'hash' | 'list' | 'range';
  /** The extension that made the table; only the rows that the extension asks pg_dump to keep are counted. */
  readonly extension?: string;
  /** Why rows were not counted although the scope asked for it. */
  readonly unread?: 'foreign' | 'made-by-extension';
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface DefectFacts {
  /** Indexes that PostgreSQL does not use and pg_dump leaves out, each as `schema.index on schema.table`. */
  readonly invalidIndexes: readonly string[];
}

export type FactSet = Readonly<Record<string, string>>;

export const FACT_SETS = [
  'relations', // 14
  'columns', // 15
  'constraints', // 16
  'indexes', // 17
  'views', // 18 …
  'routines',
  'triggers',
  'rules',
  'policies', // 27
  'types',
  'operators',
  'text-search',
  'statistics',
  'event-triggers',
  'foreign-data',
  'schemas-and-languages',
  'comments',
  'extensions', // 19
  'owners', // 20
  'grants', // 20
  'default-privileges', // 20
  'privilege-matrix', // 21
  'roles', // 22
  'memberships', // 22
  'role-settings', // 22
  'database', // 23
  'sequences', // 25, definitions; values are in Facts.sequences
  'publications', // 26
  'settings', // 28
  'probes', // 40, 41: sort order and time-zone data
] as const;
export type FactSetName = (typeof FACT_SETS)[number];

export interface SequenceFacts {
  readonly schema: string;
  readonly name: string;
  /**
   * Sequences are not transactional: a snapshot does not freeze them. Both readings are kept, one from before the dump
   * began and one from after it ended, and the restored value must lie between them.
   */
  readonly before: SequenceValue;
  readonly after: SequenceValue;
  readonly increment: string;
  readonly cycle: boolean;
  /** True for one that a crash, and so a copy of the server's files, sets back to its beginning. */
  readonly unlogged?: true;
}

export interface SequenceValue {
  readonly last: string;
  readonly called: boolean;
}

export interface LargeObjectFacts {
  readonly count: number;
  /** Sum over all large objects of the hashes of their chunks, each salted with OID and offset. */
  readonly hash?: string;
}
