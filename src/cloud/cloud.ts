import type { Clock } from './clock.ts';
import type { DatabaseService } from './database-service.ts';
import type { Notifier } from './notifier.ts';
import type { ObjectStore } from './object-store.ts';
import type { Signer } from './signer.ts';

/** Everything a handler or a worker verb needs from outside, in one object. */
export interface Cloud {
  readonly store: ObjectStore;
  readonly databases: DatabaseService;
  readonly notifier: Notifier;
  readonly signer: Signer;
  readonly clock: Clock;
}
