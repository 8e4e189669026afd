import { SourceUnreadableError } from '../errors.ts';
import type { FactsScope, LargeObjectFacts } from './facts.ts';
import type { Reader } from './session.ts';

/** Read at once from one large object; the server holds one such piece per query. */
const CHUNK_BYTES = 1 << 20;
const OBJECTS_PER_QUERY = 1000;

/**
 * Counts the large objects and, for scope `content`, hashes them piece by piece: each piece's hash is salted with the
 * object's number and the offset, so that pieces cannot change places. The sum does not depend on the order of reading.
 *
 * @throws SourceUnreadableError when the role may not read one
 */
export async function readLargeObjects(reader: Reader, scope: FactsScope): Promise<LargeObjectFacts> {
  if (scope !== 'content') {
    const rows = await reader.query<{ count: string }>('select count(*)::text as count from pg_largeobject_metadata');
    return { count: Number(rows[0]?.count) };
  }
  let count = 0;
  let hash = 0n;
  let last = '0';
  for (;;) {
    const batch = await readBatch(reader, last);
    if (batch.count === 0) return { count, hash: String(hash) };
    count += batch.count;
    hash += BigInt(batch.hash);
    last = batch.last;
  }
}

/**
 * The size of an object is its end's offset. Each is opened and closed again before the next, and `offset 0` keeps the
 * planner from calling these functions twice.
 */
const BATCH = `
  with wanted as materialized (
         select oid from pg_largeobject_metadata where oid > $1::oid order by oid limit ${OBJECTS_PER_QUERY}),
       opened as materialized (select oid, lo_open(oid, 262144) as fd from wanted),
       sized as materialized (select oid, fd, lo_lseek64(fd, 0, 2) as bytes from opened),
       closed as materialized (select oid, bytes, lo_close(fd) as done from sized)
  select count(distinct oid)::int as count, coalesce(max(oid), 0)::text as last,
         coalesce(sum(hashtextextended(encode(lo_get(oid, piece, ${CHUNK_BYTES}), 'hex') collate "C",
                      hashtextextended(oid::text || ':' || piece, 0))), 0)::text as hash
    from closed, generate_series(0, greatest(bytes - 1, 0), ${CHUNK_BYTES}) piece
   where done = 0`;

async function readBatch(reader: Reader, after: string): Promise<{ count: number; last: string; hash: string }> {
  try {
    const rows = await reader.query<{ count: number; last: string; hash: string }>(BATCH, [after]);
    return rows[0] ?? { count: 0, last: after, hash: '0' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== '42501' || !(error instanceof Error)) throw error;
    const object = /large object \d+/.exec(error.message)?.[0] ?? 'large object';
    throw new SourceUnreadableError(object, `cannot read ${object}: ${error.message}`, {
      cause: error,
      hint: `grant select on ${object} to the role`,
    });
  }
}
