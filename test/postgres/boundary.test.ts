import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../src/backup/heartbeat.ts';
import { checkBoundary } from '../../src/checks/boundary.ts';
import { connect } from '../../src/postgres/address.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** A copy that was recovered to 12:00:00, with rows 1 and 2 written before that. */
const TARGET = '2026-11-20T12:00:00.000000Z';
const reader = { user: 'reader', password: 'secret' };
let source: Source;
beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    'create schema ops',
    'create table ops.heartbeat (id bigint generated always as identity primary key, at timestamptz not null)',
    `insert into ops.heartbeat (at) values ('2026-11-20 11:00:00.5+00'), ('2026-11-20 11:30:00.5+00')`,
    `create role reader login password 'secret'`,
  );
});
afterAll(() => source.end());

function row(id: number, time: string, change: Partial<Heartbeat> = {}): Heartbeat {
  const second = `2026-11-20T${time}`;
  return { table: 'ops.heartbeat', id: String(id), at: `${second}.500000Z`, begunAt: `${second}.400000Z`, committedAt: `${second}.600000Z`, ...change };
}

async function check(rows: readonly Heartbeat[], { hasHeartbeat = true, role }: { hasHeartbeat?: boolean; role?: typeof reader } = {}) {
  const client = await connect(source.address('shop', role));
  try {
    return await checkBoundary(client, rows, { target: TARGET, hasHeartbeat, database: 'shop' });
  } finally {
    await client.end();
  }
}

const BEFORE = [row(1, '11:00:00'), row(2, '11:30:00')];
const AFTER = row(3, '12:30:00');

describe('the boundary of a point in time', () => {
  it('holds with the rows from before it there and those from after it not', async () => {
    const detail = '2 rows from before 2026-11-20T12:00:00.000000Z there, 1 row from after it not';
    expect(await check([...BEFORE, AFTER])).toMatchObject({ status: 'passed', examined: 3, equality: true, level: 2, detail });
  });

  it.each([
    ['lacks a row from before', [...BEFORE, row(7, '11:59:59'), AFTER], 'row 7 of ops.heartbeat, committed at 2026-11-20T11:59:59.600000Z: missing'],
    ['has another value in one', [row(1, '11:00:00', { at: '2026-11-20T11:00:00.500001Z' }), AFTER], 'row 1 of ops.heartbeat: not as it was written'],
    ['has a row from after', [row(1, '11:00:00'), row(2, '12:00:01')], 'row 2 of ops.heartbeat, begun at 2026-11-20T12:00:01.400000Z: there, although it is younger'],
    ['lacks the whole table', [row(1, '11:00:00', { table: 'ops.gone' }), AFTER], 'row 1 of ops.gone, committed at 2026-11-20T11:00:00.600000Z: missing'],
  ])('fails in a copy that %s', async (_how, rows, item) => {
    expect(await check(rows)).toMatchObject({ status: 'failed', cause: 'backup', items: [item] });
  });

  it('is not judged by a row that was under way at the moment', async () => {
    const under = { begunAt: '2026-11-20T11:59:59.999999Z', committedAt: '2026-11-20T12:00:00.000001Z' };
    const found = await check([...BEFORE, row(7, '12:00:00', under), AFTER]);
    expect(found).toMatchObject({ status: 'passed', examined: 3 });
    expect(found.detail).toContain('; 1 row under way at that moment not judged');
  });

  it('counts a commit at the very moment as before it, and a beginning at it as neither', async () => {
    expect(await check([row(7, '11:00:00', { committedAt: TARGET }), AFTER])).toMatchObject({ status: 'failed' });
    expect(await check([row(1, '11:00:00'), row(2, '12:00:00', { begunAt: TARGET })])).toMatchObject({ status: 'could_not_verify' });
  });

  it.each([
    ['after', BEFORE, 'no reading left a row in the heartbeat table after 2026-11-20T12:00:00.000000Z'],
    ['before', [AFTER], 'no reading left a row in the heartbeat table before 2026-11-20T12:00:00.000000Z'],
    ['before or after', [], 'no reading left a row in the heartbeat table before or after 2026-11-20T12:00:00.000000Z'],
  ])('could not be verified without a row from %s', async (_side, rows, detail) => {
    expect(await check(rows)).toMatchObject({ status: 'could_not_verify', cause: 'configuration', required: true, detail });
  });

  it('could not be verified without a heartbeat table, which is told', async () => {
    expect((await check([], { hasHeartbeat: false })).detail).toMatch(/^no heartbeat table to tell the moment by: name one under databases\.shop\.heartbeat/);
  });

  it('could not be verified by a role that may not read the table, which is told', async () => {
    expect(await check([...BEFORE, AFTER], { role: reader })).toMatchObject({ status: 'could_not_verify', detail: expect.stringMatching(/^reader may not read ops\.heartbeat: grant /) as string });
  });
});
