import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/cloud/aws/environment.ts';
import { openPackagedConfig } from '../../../src/cloud/aws/open/packaged-config.ts';
import { ConfigurationError } from '../../../src/errors.ts';

describe('the configuration packaged beside a function', () => {
  let place: string;
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'pgproof-packaged-'));
  });
  afterEach(() => rm(place, { recursive: true }));

  const file = () => join(place, 'pgproof.json');
  const open = async (text: string) => {
    await writeFile(file(), text);
    return openPackagedConfig({ PGPROOF_CONFIG: file() } as Environment);
  };

  test('is that of pgproof.yml, with its defaults filled in', async () => {
    const config = await open('{"databases":{"shop":{"alerts":{"backupAge":"2d"}}}}');
    expect(config.databases['shop']?.alerts).toEqual({ backupAge: 172_800, provenAge: 691_200 });
    expect(Object.isFrozen(config.databases['shop'])).toBe(true);
  });

  test('is refused with every fault by its path', async () => {
    await expect(open('{"databases":{"shop":{"alerts":{"backupAge":"soon"},"dumb":{}}}}')).rejects.toMatchObject({
      faults: [
        `${file()}: databases.shop.alerts.backupAge: expected a duration such as 90s, 30m, 25h or 7d`,
        `${file()}: databases.shop.dumb: unknown key`,
      ],
    });
  });

  test('is refused when it is not there or not JSON', async () => {
    expect(() => openPackagedConfig({ PGPROOF_CONFIG: file() } as Environment)).toThrow(ConfigurationError);
    await expect(open('databases: {}')).rejects.toThrow(`${file()}: the packaged configuration cannot be read`);
  });
});
