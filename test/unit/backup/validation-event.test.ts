import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { validate } from '../../../functions/validate/handler.ts';
import type { DumpManifest } from '../../../src/backup/manifest.ts';
import type { Cloud, DeployedCloud } from '../../../src/cloud/cloud.ts';
import { parseAddress } from '../../../src/postgres/address.ts';
import { runTask } from '../../../worker/run-task.ts';
import { objectCreated } from '../../helpers/aws-events.ts';
import { makeBackupWorld, type BackupWorld } from '../../helpers/backup-world.ts';
import { putValidatedDump } from '../../helpers/scripted-cloud.ts';

const ID = '20261120T020000Z-sched';
const KEY = `v1/shop/dumps/${ID}/manifest.json`;
const GIB = 1_073_741_824;

describe('a manifest that lands', () => {
  let world: BackupWorld;
  let cloud: DeployedCloud;
  beforeEach(async () => {
    world = await makeBackupWorld();
    // No program is to run: a validation that begins all the same fails by it.
    cloud = { ...world.cloud, programsFor: () => Promise.reject(new TypeError('validated here')) };
  });
  afterEach(() => world.remove());

  /** A manifest whose files have so many bytes in all, and nothing behind it. */
  async function putManifest(bytes: number): Promise<void> {
    await putValidatedDump({ store: world.store } as never, 'form');
    const text = Buffer.concat(await Array.fromAsync(await world.store.read('v1/shop/dumps/form/manifest.json'))).toString();
    const form = JSON.parse(text.replaceAll('/form/', `/${ID}/`)) as DumpManifest;
    const small = form.globals.bytes + form.facts.bytes;
    const parts = [{ bytes: bytes - small, sha256: form.archive.sha256 }];
    const manifest = { ...form, backupId: ID, archive: { ...form.archive, bytes: bytes - small, partBytes: bytes, parts } };
    await world.store.put(KEY, JSON.stringify(manifest));
  }

  test('of a backup up to the limit is validated by the function', async () => {
    await putManifest(20 * GIB);
    await expect(validate(objectCreated(KEY), cloud)).rejects.toThrow('validated here');
    expect(world.tasks).toEqual([]);
  });

  test('of a larger backup is handed to one task, however often it is told of', async () => {
    await putManifest(20 * GIB + 1);
    expect(await validate(objectCreated(KEY), cloud)).toBe('handed to a task');
    expect(await validate(objectCreated(KEY), cloud)).toBe('handed to a task');
    expect(world.tasks).toEqual([{ verb: 'validate', database: 'shop', manifestKey: KEY }]);
    expect(world.told).toEqual([]);
  });

  test('of a larger backup is validated here where there is nobody to hand it to', async () => {
    await putManifest(20 * GIB + 1);
    const laptop = Object.fromEntries(Object.entries(cloud).filter(([name]) => name !== 'launcher')) as unknown as Cloud;
    await expect(validate(objectCreated(KEY), laptop)).rejects.toThrow('validated here');
  });

  test('of a larger backup that was validated already begins nothing', async () => {
    await putManifest(20 * GIB + 1);
    const text = Buffer.concat(await Array.fromAsync(await world.store.read('v1/shop/dumps/form/validation.json'))).toString();
    await world.store.put(KEY.replace('manifest', 'validation'), text.replace('"form"', `"${ID}"`));
    expect(await validate(objectCreated(KEY), cloud)).toMatchObject({ status: 'valid', backupId: ID });
    expect(world.tasks).toEqual([]);
  });

  test('is no size at all when it cannot be read: then the validation says so', async () => {
    await world.store.put(KEY, '{"format":1}');
    expect(await validate(objectCreated(KEY), cloud)).toMatchObject({ status: 'invalid' });
    expect(world.told).toMatchObject([{ event: 'backup.invalid', severity: 'bad' }]);
  });

  test('is validated by the worker with the same end, and told of once', async () => {
    await world.store.put(KEY, '{"format":1}');
    const task = { verb: 'validate', database: 'shop', manifestKey: KEY } as const;
    const source = async () => parseAddress('postgres://nobody@127.0.0.1:1/none', 'source');
    const setting = { cloud, source, signal: new AbortController().signal };
    await runTask(task, setting);
    await runTask(task, setting);
    expect(await world.keys()).toEqual([KEY, KEY.replace('manifest.json', 'told/validation.json'), KEY.replace('manifest', 'validation')]);
    expect(world.told).toMatchObject([{ event: 'backup.invalid', facts: { backup: ID } }]);
  });

  test('is told of by the second attempt when the first could tell nobody', async () => {
    await world.store.put(KEY, '{"format":1}');
    const deaf = { ...cloud, notifier: { publish: () => Promise.reject(new Error('SNS is down')) } };
    await expect(validate(objectCreated(KEY), deaf)).rejects.toThrow('SNS is down');
    await validate(objectCreated(KEY), cloud);
    await validate(objectCreated(KEY), cloud);
    expect(world.told).toMatchObject([{ event: 'backup.invalid' }]);
  });
});
