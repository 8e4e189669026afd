import { cp, readFile, rename, rm, truncate, writeFile, appendFile, copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../../src/backup/digest.ts';
import type { DumpManifest } from '../../src/backup/manifest.ts';
import type { Facts } from '../../src/facts/facts.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';

/**
 * What becomes of a backup's files after they were found valid. Whatever it is, the drill of that backup is never PROVEN
 * and says which object is to blame.
 */
const [OLD, NEW, OTHER] = ['20261120T020001Z-a', '20261120T020002Z-a', '20261120T020003Z-a'];
const FILES = ['archive.dump', 'facts.json', 'globals.sql', 'manifest.json', 'validation.json'] as const;
type File = (typeof FILES)[number];

let cluster: Source;
let home: TestHome;

beforeAll(async () => {
  cluster = await startSource();
  await cluster.createDatabase('shop', ...SMALL_SHOP);
  await cluster.createDatabase('crm', 'create table lead (id int, name text)', `insert into lead values (1, 'one'), (2, 'two')`);
  home = await makeTestHome();
  for (const database of ['shop', 'crm']) home.source(database, cluster.url(database));
  expect(await home.backUp('shop', OLD)).toBe('valid');
  await cluster.sql('shop', `insert into shop.customers (name) values ('one more')`, 'alter role shop_app connection limit 9');
  expect(await home.backUp('shop', NEW)).toBe('valid');
  await cluster.sql('crm', 'create role crm_reader');
  expect(await home.backUp('crm', OTHER)).toBe('valid');
});
afterAll(async () => {
  await home.remove();
  await cluster.end();
});

// From here on there are only the backups; the cluster that made them serves as the throwaway instance.
function drill(backup = NEW): Promise<Drilled> {
  const databases = standingInstance(cluster);
  const input = backup === 'newest' ? {} : { backup };
  return home.drill({ database: 'shop', ...input }, { databases }, home.inProcess({ databases }));
}

const path = (file: File, backupId = NEW, database = 'shop') => home.file(database, backupId, file);

/** Does something to the newest backup of the shop, and undoes it after the test's work. */
async function damaged<T>(damage: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const directory = dirname(path('manifest.json'));
  await cp(directory, `${home.home}/kept`, { recursive: true });
  try {
    await damage();
    return await work();
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rename(`${home.home}/kept`, directory);
  }
}

const DAMAGES: Readonly<Record<string, (file: File) => Promise<unknown>>> = {
  deleted: (file) => rm(path(file)),
  emptied: (file) => truncate(path(file), 0),
  'cut in half': async (file) => truncate(path(file), Math.floor((await readFile(path(file))).length / 2)),
  'made longer': (file) => appendFile(path(file), 'x'),
  'swapped with an older backup’s': (file) => copyFile(path(file, OLD), path(file)),
  'swapped with another database’s': (file) => copyFile(path(file, OTHER, 'crm'), path(file)),
};

const CASES = FILES.flatMap((file) => Object.keys(DAMAGES).map((how) => [file, how] as const));

describe('a backup that was valid when it landed', () => {
  it('is PROVEN as long as nothing happens to it', async () => {
    const { body, exitCode } = await drill();
    expect([body.verdict, body.assurance, body.backup?.id, exitCode]).toEqual(['PROVEN', 'L5', NEW, 0]);
  });

  it.each(CASES)('is never PROVEN once its %s was %s', async (file, how) => {
    const { body, exitCode, end } = await damaged(
      async () => await DAMAGES[how]?.(file),
      () => drill(),
    );
    expect([body.verdict, exitCode, end]).toEqual(['FAILED', 1, 'DrillFailed']);
    expect(body.reason).toContain(`v1/shop/dumps/${NEW}/${file}`);
    expect(body.reason).toMatch(reasonFor(file, how));
  });

  it('is refused when its facts were altered and its manifest with them', async () => {
    const forge = async () => {
      const facts = JSON.parse(await readFile(path('facts.json'), 'utf8')) as Facts;
      const text = `${JSON.stringify({ ...facts, tables: facts.tables.filter(({ name }) => name !== 'customers') })}\n`;
      const manifest = JSON.parse(await readFile(path('manifest.json'), 'utf8')) as DumpManifest;
      manifest.facts = { ...manifest.facts, bytes: Buffer.byteLength(text), sha256: sha256Of(text) };
      await writeFile(path('facts.json'), text);
      await writeFile(path('manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    };
    const { body } = await damaged(forge, () => drill());
    expect(body.verdict).toBe('FAILED');
    expect(body.reason).toMatch(new RegExp(`${NEW}/manifest.json: is not the manifest that was validated: altered since$`));
  });

  it('is refused when all of its files are those of another backup', async () => {
    const swap = () => cp(dirname(path('manifest.json', OLD)), dirname(path('manifest.json')), { recursive: true });
    const { body } = await damaged(swap, () => drill());
    expect(body.verdict).toBe('FAILED');
    expect(body.reason).toMatch(new RegExp(`${NEW}/validation.json belongs to dump ${OLD} of shop: swapped with another backup's`));
  });

  it('is passed over, and named, when it is not asked for by name and a file of it tells that it is broken', async () => {
    for (const file of ['manifest.json', 'validation.json'] as const) {
      const drilled = await damaged(
        () => rm(path(file)),
        () => drill('newest'),
      );
      expect([drilled.body.verdict, drilled.body.backup?.id]).toEqual(['PROVEN', OLD]);
      expect(drilled.finding('selection')?.detail).toMatch(new RegExp(`; passed over: dump ${NEW}: v1/shop/dumps/${NEW}/${file} `));
    }
  });
});

function reasonFor(file: File, how: string): RegExp {
  const swapped = how.startsWith('swapped');
  if (how === 'deleted') return file === 'manifest.json' ? /is missing although the backup was validated: deleted/ : /does not exist/;
  if (file === 'validation.json') return swapped ? /belongs to dump \S+ of \S+ swapped with another/ : /truncated or overwritten/;
  if (file === 'manifest.json') return swapped ? /belongs to dump \S+ of \S+ swapped with another/ : /is not JSON|altered since/;
  if (swapped) return /is (truncated|longer than recorded): \d+ (of|instead of) \d+ bytes|does not have the SHA-256/;
  return how === 'made longer' ? /is longer than recorded/ : /is truncated/;
}
