import * as z from 'zod';
import type { About } from '../cloud/metric.ts';

const text = z.string().optional().catch(undefined);
const part = <T extends z.ZodRawShape>(shape: T) => z.looseObject(shape).optional().catch(undefined);

/** Whatever reaches a function that begins or follows backups, as far as a run record speaks of it. */
const AnyEvent = z.looseObject({
  source: text,
  database: text,
  scheduledAt: text,
  detail: part({ SourceIdentifier: text, taskArn: text, object: part({ key: text }) }),
});

/** The service whose event it is; undefined for the input of a schedule. */
export function sourceOfEvent(event: unknown): string | undefined {
  return AnyEvent.safeParse(event).data?.source;
}

/** Names only: which database, key, snapshot or task it is about. */
export function aboutEvent(event: unknown): About {
  const { database, scheduledAt, detail } = AnyEvent.safeParse(event).data ?? {};
  const about = { database, scheduledAt, key: detail?.object?.key, snapshot: detail?.SourceIdentifier, task: detail?.taskArn };
  return Object.fromEntries(Object.entries(about).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
