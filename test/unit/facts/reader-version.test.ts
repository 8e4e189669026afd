import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../../docs/checkout.ts';
import { FACTS_READER } from '../../../src/facts/reader-version.ts';
import recorded from './reader-version.json' with { type: 'json' };

it('the version of the reader was thought of when the reader last changed', () => {
  const files = globSync('src/facts/**/*.ts', { cwd: ROOT }).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n${readFileSync(join(ROOT, file), 'utf8')}`);
  expect(
    { version: FACTS_READER, digest: hash.digest('hex') },
    'src/facts changed: raise FACTS_READER if the same database could now give other facts, then record both in reader-version.json',
  ).toEqual(recorded);
});
