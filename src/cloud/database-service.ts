/**
 * What a drill needs from the service that runs databases: RDS on AWS, clusters of our own on the laptop.
 * Instances created here are throwaway instances. An implementation must be unable to touch anything else.
 */
export interface DatabaseService {
  /**
   * Begins to create an empty throwaway instance; poll `describeInstance` until `available`.
   * Asking again for an id that exists is not an error: a retried state meets its own name.
   * @throws InstanceRefusedError for want of capacity, quota or permission
   */
  createInstance(request: CreateInstance): Promise<void>;

  /** Begins to restore a snapshot to a throwaway instance; otherwise as `createInstance`. */
  restoreSnapshot(request: RestoreSnapshot): Promise<void>;

  /**
   * Begins to restore a source to a point in time, from the service's own base backup and log; otherwise as `createInstance`.
   * @throws InstanceRefusedError, also when the moment is outside the recovery window
   */
  restoreToPointInTime(request: RestoreToPointInTime): Promise<void>;

  /** Between which moments a source can be restored; undefined when the service keeps no log of it. */
  recoveryWindow(source: RecoverySource): Promise<RecoveryWindow | undefined>;

  /**
   * Undefined once the instance is gone for good: processes, files, everything. Where a service makes an instance in
   * steps (its password, its place in a cluster), asking begins the next one, unless `advance` is false: to be asked so
   * of an instance that is being destroyed.
   */
  describeInstance(instanceId: string, options?: { readonly advance?: boolean }): Promise<Instance | undefined>;

  /**
   * Begins to destroy a throwaway instance. Succeeds when it is gone already. What consists of parts may need to be asked
   * again until `describeInstance` calls it deleting or gone.
   * @throws CleanupFailedError when it cannot be destroyed
   */
  deleteInstance(instanceId: string): Promise<void>;

  /** All throwaway instances of this installation, whoever left them. */
  listInstances(): Promise<Instance[]>;

  /** How to log in to an available instance as its superuser (on RDS: its master user). */
  connection(instanceId: string): Promise<Connection>;

  describeSnapshot(snapshotId: string): Promise<Snapshot | undefined>;

  /**
   * Checks a snapshot at rest as far as the service allows.
   * @throws NoBackupError when there is no such snapshot
   */
  verifySnapshot(snapshotId: string, signal?: AbortSignal): Promise<SnapshotVerification>;
}

export interface SnapshotVerification {
  /** How it was checked, e.g. `pg_verifybackup 15.18`; part of the evidence. */
  readonly method: string;
  /** Number of files, or of whatever the service can look at. */
  readonly examined: number;
  /** One line each; empty when all is well. */
  readonly problems: readonly string[];
  readonly bytes: number;
  /** SHA-256 of the snapshot's own list of files and checksums, where there is one. */
  readonly sha256?: string;
}

export interface CreateInstance {
  readonly instanceId: string;
  /** PostgreSQL major that must run; the source's. */
  readonly major: number;
  /** Name of the bootstrap superuser, so that owners and grants come back under their own names. RDS has one already and ignores this. */
  readonly superuser: string;
  /**
   * Server settings that give meaning to data (time zone, preloaded libraries), as recorded in the facts. RDS takes
   * settings from a parameter group alone and ignores these; where that makes a difference the checks say so.
   */
  readonly parameters: Readonly<Record<string, string>>;
  /** When it was created, by whom, until when it may live. */
  readonly tags: Readonly<Record<string, string>>;
  readonly differences?: InstanceDifferences;
}

export interface RestoreSnapshot {
  readonly instanceId: string;
  /** Of an instance or, on Aurora, of a cluster. */
  readonly snapshotId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly differences?: InstanceDifferences;
}

export interface RestoreToPointInTime {
  readonly instanceId: string;
  readonly source: RecoverySource;
  /** Every transaction that was committed until then, and none after. */
  readonly to: Date;
  readonly tags: Readonly<Record<string, string>>;
  readonly differences?: InstanceDifferences;
}

/** A database whose log the service keeps. */
export interface RecoverySource {
  /** The name in pgproof.yml. */
  readonly database: string;
  /** Identifier of its instance or of its cluster in RDS; neither on the laptop. */
  readonly rds?: string | undefined;
  readonly aurora?: string | undefined;
}

export interface RecoveryWindow {
  readonly earliest: Date;
  readonly latest: Date;
}

/** Where one database's throwaway instances differ from the others'; a service without such things ignores them. */
export interface InstanceDifferences {
  readonly class?: string;
  readonly storageGib?: number;
  readonly parameterGroup?: string;
}

export interface Instance {
  readonly instanceId: string;
  readonly status: 'creating' | 'available' | 'deleting' | 'failed';
  /** Why it failed, or what it is doing. */
  readonly detail?: string;
  readonly createdAt: Date;
  readonly tags: Readonly<Record<string, string>>;
  /** How much of its storage is loaded; queries are slow below 100. Undefined where the service does not say. */
  readonly loadingPercent?: number;
}

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** How the connection is secured; absent where there is no network in between. */
  readonly sslMode?: 'verify-full';
  /** File with the certificate authorities to trust. */
  readonly sslRootCert?: string;
}

export interface Snapshot {
  readonly snapshotId: string;
  readonly status: 'creating' | 'available' | 'failed';
  readonly database: string;
  /** The moment of its last transaction. */
  readonly takenAt: Date;
  readonly bytes: number;
}
