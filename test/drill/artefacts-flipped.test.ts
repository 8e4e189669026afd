import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/backup/archive.ts';
import type { DumpManifest } from '../../src/backup/manifest.ts';
import { validateDumpFiles } from '../../src/backup/validation-checks.ts';
import { restoreArchive } from '../../src/drill/restore-dump.ts';
import { restoreFindings } from '../../src/drill/restore-findings.ts';
import { DamagedStore } from '../helpers/damaged-store.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { empty, standingInstance } from '../helpers/standing-instance.ts';

/**
 * One bit of one byte of a stored archive, at positions all over it. Without compression many flips leave an archive that
 * pg_restore takes without a word: only the digest stands between such a flip and a restored database with a wrong value.
 */
const KINDS = ['gzip', 'none'] as const;
const ID = '20261120T020001Z-x';

let cluster: Source;
let home: TestHome;
const manifests = new Map<string, DumpManifest>();

beforeAll(async () => {
  cluster = await startSource();
  await cluster.createDatabase('shop', ...SMALL_SHOP);
  const entry = (kind: string) => `  shop-${kind}: {dump: {compression: ${kind}}}\n`;
  home = await makeTestHome({ config: `databases:\n${KINDS.map(entry).join('')}` });
  for (const kind of KINDS) {
    home.source(`shop-${kind}`, cluster.url('shop'));
    expect(await home.backUp(`shop-${kind}`, ID)).toBe('valid');
    const { manifest } = await readManifest(home.laptop.store, `v1/shop-${kind}/dumps/${ID}/manifest.json`);
    if (manifest.kind === 'dump') manifests.set(kind, manifest);
  }
});
afterAll(async () => {
  await home.remove();
  await cluster.end();
});

function manifestOf(kind: string): DumpManifest {
  const manifest = manifests.get(kind);
  if (!manifest) throw new Error(`no dump with compression ${kind}`);
  return manifest;
}

/** The whole header, `many` positions spread over the rest, and the tail. */
function positions(bytes: number, header: number, many: number): number[] {
  const spread = Array.from({ length: many }, (_, index) => header + Math.floor(((bytes - header) * index) / many));
  const tail = Array.from({ length: 8 }, (_, index) => bytes - 8 + index);
  return [...new Set([...Array.from({ length: header }, (_, index) => index), ...spread, ...tail])];
}

/** Two at a time, as many as the machine has cores at least. */
async function each(list: readonly number[], work: (position: number) => Promise<void>): Promise<void> {
  const queue = [...list];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all([worker(), worker()]);
}

describe.each(KINDS)('an archive with compression %s', (kind) => {
  it('is invalid with any one bit flipped, although pg_restore may not mind', async () => {
    const manifest = manifestOf(kind);
    const { key, bytes } = manifest.archive;
    const unnoticed: number[] = [];
    await each(positions(bytes, 64, 60), async (position) => {
      const store = new DamagedStore(home.laptop.store, { [key]: { flipBitAt: position } });
      const findings = await validateDumpFiles(manifest, { ...home.laptop, store });
      const [digest, decodes] = findings;
      expect(digest, `byte ${position}`).toMatchObject({ id: 'archive-digest', status: 'failed', cause: 'backup' });
      expect(digest?.detail).toMatch(/archive\.dump: has altered bytes in 1 of 1 parts, the first between byte 0 and \d+$/);
      expect(store.met).toBeGreaterThan(0);
      if (decodes?.status === 'passed') unnoticed.push(position);
    });
    // Else this test would show no more than that pg_restore works.
    if (kind === 'none') expect(unnoticed.length).toBeGreaterThan(20);
  });

  it('is never restored without a finding against it', async () => {
    const manifest = manifestOf(kind);
    const { key, bytes } = manifest.archive;
    const target = cluster.address('shop');
    const programs = await home.laptop.programsFor(cluster.programs.major);
    for (const position of positions(bytes, 6, 10)) {
      await empty(cluster);
      const store = new DamagedStore(home.laptop.store, { [key]: { flipBitAt: position } });
      const outcome = await restoreArchive({ store, manifest, programs, target, signal: new AbortController().signal });
      const findings = restoreFindings(manifest, [], outcome);
      expect(outcome.damage?.message, `byte ${position}`).toMatch(/has altered bytes in 1 of 1 parts/);
      expect(findings[0]).toMatchObject({ id: 'archive-digest', status: 'failed', cause: 'backup', level: 1 });
    }
  });

  it('is never PROVEN when the bit was flipped after its validation', async () => {
    const { key, bytes } = manifestOf(kind).archive;
    for (const position of [3, 700, Math.floor(bytes / 2), bytes - 1]) {
      const store = new DamagedStore(home.laptop.store, { [key]: { flipBitAt: position } });
      const over = { store, databases: standingInstance(cluster) };
      const { body, exitCode, finding } = await home.drill({ database: `shop-${kind}`, backup: ID }, over, home.inProcess(over));
      expect([body.verdict, body.assurance, exitCode], `byte ${position}`).toEqual(['FAILED', 'L0', 1]);
      expect(finding('archive-digest')).toMatchObject({ status: 'failed', detail: expect.stringContaining(key) as string });
      expect(body.reason).toContain(key);
    }
  });
});
