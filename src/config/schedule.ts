import * as z from 'zod';

/** When something happens, in the words of EventBridge Scheduler. */

const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/** AWS refuses a wrong expression only when the stack is half deployed, and with a message that names no database. */
function isExpression(text: string): boolean {
  if (/^rate\([1-9]\d* (minute|hour|day)s?\)$/.test(text)) return true;
  const fields = /^cron\((.+)\)$/.exec(text)?.[1]?.split(' ');
  if (fields?.length !== 6 || !fields.every((field) => /^[A-Z0-9*?,/#-]+$/i.test(field))) return false;
  return (fields[DAY_OF_MONTH] === '?') !== (fields[DAY_OF_WEEK] === '?');
}

const expression = z
  .string()
  .refine(isExpression, 'expected cron(minutes hours day-of-month month day-of-week year) with ? for one of the two days, or rate(N hours)')
  .meta({ pattern: '^(cron|rate)\\(.+\\)$' });

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const Detailed = z.strictObject({
  at: expression,
  /** A name of the time-zone database. A local time that a change of the clocks leaves out is skipped that day. */
  timezone: z.string().refine(isTimeZone, 'expected a time zone such as Europe/Berlin').default('Etc/UTC'),
  /** How much later it may begin, so that not everything begins at once. 0: on the minute. */
  windowMinutes: z.int().min(0).max(1440).default(15),
});

/** Either `cron(17 4 * * ? *)` alone, in UTC, or an object that says more. */
export const Schedule = z.union([expression.transform((at) => ({ at, timezone: 'Etc/UTC', windowMinutes: 15 })), Detailed]);
export type Schedule = z.infer<typeof Schedule>;

export const Schedules = z.strictObject({
  snapshot: Schedule.optional(),
  dump: Schedule.optional(),
  /** One drill for each of `drill.kinds`. */
  drill: Schedule.optional(),
});
