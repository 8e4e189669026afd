/* eslint-disable max-lines -- every error class in one file, so that names can be seen to be unique at a glance */
/**
 * Every error pgproof throws on purpose: one class per cause.
 *
 * `name` is a literal (minifiers rename constructors, and the state machine matches errors by name), `cause` is kept,
 * `origin` says whose fault it is in the words of the verdict model, and `hint` is the command to run next.
 * Messages are lower-case, name the object and end without a full stop.
 */

/** Whose fault a non-pass is. `environment` is the only one worth retrying without a change. */
export type Origin = 'backup' | 'source' | 'environment' | 'configuration' | 'tool';

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly hint?: string;
}

export abstract class PgproofError extends Error {
  abstract override readonly name: string;
  abstract readonly origin: Origin;
  /** True when the same call may succeed later with nothing changed. */
  readonly retriable: boolean = false;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
  }
}

// --- what the user wrote ---------------------------------------------------------------------------------------------

/** A fault in pgproof.yml or on the command line. `faults` lists all of them, each beginning with its path. */
export class ConfigurationError extends PgproofError {
  override readonly name = 'ConfigurationError';
  readonly origin = 'configuration';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], details?: ErrorDetails) {
    super(faults.length === 1 ? (faults[0] ?? '') : `${faults.length} faults:\n  ${faults.join('\n  ')}`, details);
    this.faults = faults;
  }
}

// --- PostgreSQL ------------------------------------------------------------------------------------------------------

/** No usable PostgreSQL programs on this machine. */
export class PostgresNotFoundError extends PgproofError {
  override readonly name = 'PostgresNotFoundError';
  readonly origin = 'environment';
}

/** Fetching the distribution's PostgreSQL failed. */
export class PostgresInstallError extends PgproofError {
  override readonly name = 'PostgresInstallError';
  readonly origin = 'environment';
}

/** No connection to the source, or it was lost. */
export class SourceUnreachableError extends PgproofError {
  override readonly name = 'SourceUnreachableError';
  readonly origin = 'environment';
  override readonly retriable = true;
}

/** A table stayed locked for longer than a dump may wait. */
export class SourceLockedError extends PgproofError {
  override readonly name = 'SourceLockedError';
  readonly origin = 'source';
  override readonly retriable = true;
}

/** The role may not read everything; `object` is the first thing it cannot read. */
export class SourceUnreadableError extends PgproofError {
  override readonly name = 'SourceUnreadableError';
  readonly origin = 'source';
  readonly object: string;

  constructor(object: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.object = object;
  }
}

export interface SubprocessFailure {
  /** The program and its arguments; never holds a secret because secrets never travel in argv. */
  readonly command: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

/** A program of PostgreSQL ended in any way other than exit 0 with all its streams read to the end. */
export class SubprocessError extends PgproofError {
  override readonly name = 'SubprocessError';
  readonly origin = 'tool';
  readonly failure: SubprocessFailure;

  constructor(message: string, failure: SubprocessFailure, details?: ErrorDetails) {
    super(message, details);
    this.failure = failure;
  }
}

/** The source is laid out so that a copy of its files could not live by itself. */
export class SnapshotUnsupportedError extends PgproofError {
  override readonly name = 'SnapshotUnsupportedError';
  readonly origin = 'source';
}

/** Roles or their settings changed while the dump ran, so globals and facts would speak of two moments. */
export class GlobalsChangedError extends PgproofError {
  override readonly name = 'GlobalsChangedError';
  readonly origin = 'source';
  override readonly retriable = true;
}

/** The sample database of the laptop could not be created, or its writer failed. */
export class SampleDatabaseError extends PgproofError {
  override readonly name = 'SampleDatabaseError';
  readonly origin = 'tool';
}

/** The work was stopped from outside (SIGTERM, Ctrl-C). */
export class InterruptedError extends PgproofError {
  override readonly name = 'InterruptedError';
  readonly origin = 'environment';
  override readonly retriable = true;
}

// --- the store -------------------------------------------------------------------------------------------------------

export class ObjectNotFoundError extends PgproofError {
  override readonly name = 'ObjectNotFoundError';
  readonly origin = 'backup';
  readonly key: string;

  constructor(key: string, details?: ErrorDetails) {
    super(`object ${key} does not exist`, details);
    this.key = key;
  }
}

/** A write that must create found an object there already; nothing was changed. */
export class ObjectExistsError extends PgproofError {
  override readonly name = 'ObjectExistsError';
  readonly origin = 'backup';
  readonly key: string;

  constructor(key: string, details?: ErrorDetails) {
    super(`object ${key} exists already and is never rewritten`, details);
    this.key = key;
  }
}

/** A key that would leave the bucket or that not every store could hold; nothing was read or written. */
export class InvalidKeyError extends PgproofError {
  override readonly name = 'InvalidKeyError';
  readonly origin = 'backup';
  readonly key: string;

  constructor(key: string, problem: string, details?: ErrorDetails) {
    super(`object key ${JSON.stringify(key)} ${problem}`, details);
    this.key = key;
  }
}

/** The store refused or lost a write (full disk, quota, permission); the upload was aborted. */
export class StoreWriteError extends PgproofError {
  override readonly name = 'StoreWriteError';
  readonly origin = 'environment';
  readonly key: string;

  constructor(key: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.key = key;
  }
}

/** The store could not be read for a reason other than the object's absence. */
export class StoreReadError extends PgproofError {
  override readonly name = 'StoreReadError';
  readonly origin = 'environment';
  override readonly retriable = true;
  readonly key: string;

  constructor(key: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.key = key;
  }
}

/** Stored bytes are not what the backup recorded. */
export class ObjectDamagedError extends PgproofError {
  override readonly name = 'ObjectDamagedError';
  readonly origin = 'backup';
  readonly key: string;

  constructor(key: string, problem: string, details?: ErrorDetails) {
    super(`${key}: ${problem}`, details);
    this.key = key;
  }
}

// --- backups and drills ----------------------------------------------------------------------------------------------

/** No backup to drill, or not the one that was named. */
export class NoBackupError extends PgproofError {
  override readonly name = 'NoBackupError';
  readonly origin = 'backup';
}

/** The named backup failed validation or was never validated. */
export class BackupNotValidError extends PgproofError {
  override readonly name = 'BackupNotValidError';
  readonly origin = 'backup';
}

/** No capacity, quota or permission for the throwaway instance. */
export class InstanceRefusedError extends PgproofError {
  override readonly name = 'InstanceRefusedError';
  readonly origin = 'environment';
  override readonly retriable = true;
}

/** The throwaway instance ended in a state it does not leave by itself, or did not come up in time. */
export class InstanceFailedError extends PgproofError {
  override readonly name = 'InstanceFailedError';
  readonly origin = 'environment';
  readonly instanceId: string;

  constructor(instanceId: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.instanceId = instanceId;
  }
}

/** The throwaway instance could not be destroyed, or is still there. */
export class CleanupFailedError extends PgproofError {
  override readonly name = 'CleanupFailedError';
  readonly origin = 'environment';
  readonly instanceId: string;

  constructor(instanceId: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.instanceId = instanceId;
  }
}

/** A worker task ended in any way other than success. */
export class TaskFailedError extends PgproofError {
  override readonly name = 'TaskFailedError';
  readonly origin: Origin;

  constructor(message: string, origin: Origin, details?: ErrorDetails) {
    super(message, details);
    this.origin = origin;
  }
}

/** A worker task could not be begun. */
export class TaskRefusedError extends PgproofError {
  override readonly name = 'TaskRefusedError';
  readonly origin = 'environment';
  override readonly retriable: boolean;

  constructor(message: string, { retriable, ...details }: ErrorDetails & { readonly retriable: boolean }) {
    super(message, details);
    this.retriable = retriable;
  }
}

/** A snapshot could not be begun: the source's state, the quota or a permission. Only the first passes by itself. */
export class SnapshotRefusedError extends PgproofError {
  override readonly name = 'SnapshotRefusedError';
  readonly origin = 'environment';
  override readonly retriable: boolean;

  constructor(message: string, { retriable = true, ...details }: ErrorDetails & { readonly retriable?: boolean } = {}) {
    super(message, details);
    this.retriable = retriable;
  }
}

/** A step of deploying or removing failed; what its program said stands above. */
export class DeploymentError extends PgproofError {
  override readonly name = 'DeploymentError';
  readonly origin = 'environment';
}

/** People could not be told. */
export class NotificationError extends PgproofError {
  override readonly name = 'NotificationError';
  readonly origin = 'environment';
  override readonly retriable = true;
}

/** The state machine uses something the local interpreter would silently ignore. */
export class StateMachineUnsupportedError extends PgproofError {
  override readonly name = 'StateMachineUnsupportedError';
  readonly origin = 'tool';
}

/** No key to seal with, or none to check a seal against. */
export class SigningKeyError extends PgproofError {
  override readonly name = 'SigningKeyError';
  readonly origin = 'configuration';
}

/** One line per level for a person: message, then the hint. Never prints a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof PgproofError && error.hint ? `\nHINT: ${error.hint}` : '';
  return `${error.message}${hint}`;
}

export function originOf(error: unknown): Origin {
  return error instanceof PgproofError ? error.origin : 'tool';
}

/** Origins by error name, for errors that arrive as text from another process. */
const ORIGINS: Readonly<Record<string, Origin>> = {
  ConfigurationError: 'configuration',
  SigningKeyError: 'configuration',
  ObjectNotFoundError: 'backup',
  ObjectExistsError: 'backup',
  ObjectDamagedError: 'backup',
  InvalidKeyError: 'backup',
  NoBackupError: 'backup',
  BackupNotValidError: 'backup',
  PostgresNotFoundError: 'environment',
  PostgresInstallError: 'environment',
  SourceUnreachableError: 'environment',
  StoreWriteError: 'environment',
  StoreReadError: 'environment',
  InstanceRefusedError: 'environment',
  InstanceFailedError: 'environment',
  CleanupFailedError: 'environment',
  InterruptedError: 'environment',
  TaskFailedError: 'environment',
  TaskRefusedError: 'environment',
  SnapshotRefusedError: 'environment',
  'States.TaskFailed': 'environment',
  'States.Timeout': 'environment',
  SourceUnreadableError: 'source',
  SourceLockedError: 'source',
  GlobalsChangedError: 'source',
};

/** Undefined for names that are not pgproof's own. */
export function originOfName(name: string): Origin | undefined {
  return ORIGINS[name];
}
