import { describe, expect, test } from 'vitest';
import { Schedule } from '../../../src/config/schedule.ts';

const taken = (schedule: unknown): boolean => Schedule.safeParse(schedule).success;

describe('a schedule', () => {
  test('is an expression alone, in UTC and with a quarter of an hour to begin in', () => {
    expect(Schedule.parse('cron(17 4 * * ? *)')).toEqual({ at: 'cron(17 4 * * ? *)', timezone: 'Etc/UTC', windowMinutes: 15 });
  });

  test('says more when it has to', () => {
    const schedule = { at: 'rate(12 hours)', timezone: 'America/Sao_Paulo', windowMinutes: 0 };
    expect(Schedule.parse(schedule)).toEqual(schedule);
  });

  test.each(['cron(0/15 4 ? * MON-FRI *)', 'cron(17 4 L * ? *)', 'cron(17 4 ? * 6#3 *)', 'cron(17 4 1W * ? 2026-2030)', 'rate(1 hour)'])(
    'takes %s',
    (expression) => {
      expect(taken(expression)).toBe(true);
    },
  );

  test.each([
    ['five fields, as cron has them', 'cron(17 4 * * ?)'],
    ['both days', 'cron(17 4 * * * *)'],
    ['neither day', 'cron(17 4 ? * ? *)'],
    ['no rate', 'rate(0 hours)'],
    ['seconds', 'rate(30 seconds)'],
    ['a single moment', 'at(2026-11-20T04:17:00)'],
    ['no expression', '04:17'],
  ])('refuses %s', (_, expression) => {
    expect(taken(expression)).toBe(false);
  });

  test('refuses a time zone that there is not and a window longer than a day', () => {
    expect(taken({ at: 'rate(1 day)', timezone: 'Europe/Atlantis' })).toBe(false);
    expect(taken({ at: 'rate(1 day)', windowMinutes: 1441 })).toBe(false);
  });
});
