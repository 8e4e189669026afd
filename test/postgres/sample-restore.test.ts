import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSample } from '../../local/sample/sample.ts';
import { startWriter } from '../../local/sample/writer.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { startSampleCluster, type SampleCluster } from './sample-cluster.ts';
import { findCollisions, findOrphans, readContent } from './sample-content.ts';

let cluster: SampleCluster;
let directory: string;

beforeAll(async () => {
  cluster = await startSampleCluster();
  directory = await mkdtemp(join(tmpdir(), 'pgproof-sample-archive-'));
  await cluster.createDatabase('shop');
  await createSample(await cluster.connect('shop'), { seed: 1 });
});
afterAll(async () => {
  await cluster.end();
  await rm(directory, { recursive: true, force: true });
});

async function dump(archive: string): Promise<string> {
  const args = ['--format=custom', '--compress=1', `--file=${archive}`, 'shop'];
  return (await runProgram({ path: cluster.programs.path('pg_dump'), args, env: cluster.env })).stderr;
}

async function restore(archive: string, database: string): Promise<string> {
  await cluster.createDatabase(database);
  const args = ['--exit-on-error', `--dbname=${database}`, archive];
  return (await runProgram({ path: cluster.programs.path('pg_restore'), args, env: cluster.env })).stderr;
}

describe('the sample database, dumped and restored', () => {
  it('comes back without a word on stderr and with the same content in every table', async () => {
    const archive = join(directory, 'quiet.dump');
    const content = await readContent(await cluster.connect('shop'));
    expect(await dump(archive)).toBe('');
    expect((await stat(archive)).size).toBeGreaterThan(5_000_000);
    expect(await restore(archive, 'quiet')).toBe('');
    const restored = await cluster.connect('quiet');
    expect(await readContent(restored)).toEqual(content);
    expect(await findCollisions(restored)).toEqual([]);
    expect(Object.keys(content).length).toBeGreaterThan(80);
  });

  it('comes back consistent when it was written to all the time', async () => {
    const archive = join(directory, 'busy.dump');
    const source = await cluster.connect('shop');
    const before = await readContent(source);
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 3 });
    const said = await dump(archive);
    const summary = await writer.stop();
    expect(said).toBe('');
    expect(summary.committed).toBeGreaterThan(10);
    expect(await restore(archive, 'busy')).toBe('');
    const restored = await cluster.connect('busy');
    expect(await findOrphans(restored)).toEqual([]);
    expect(await findCollisions(restored)).toEqual([]);
    // The writer went on after the dump's snapshot, so the source has moved away from what came back.
    const [after, back] = [await readContent(source), await readContent(restored)];
    expect(after).not.toEqual(before);
    expect(back).not.toEqual(after);
    expect(back['shop.orders_2025_06']).toBe(before['shop.orders_2025_06']);
  });
});
