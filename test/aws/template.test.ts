import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { packageService, type Packaged } from '../package/packaging.ts';

describe('the template under cfn-lint', () => {
  let packaged: Packaged | undefined;
  beforeAll(async () => {
    packaged = await packageService();
  });
  afterAll(() => packaged?.remove());

  /** Everything it finds, one line each. */
  const lint = async (template: object): Promise<string[]> => {
    const file = join(packaged?.directory ?? '', 'linted.json');
    await writeFile(file, JSON.stringify(template));
    const { stdout } = await runProgram({
      path: join(inject('pythonPrograms'), 'cfn-lint'),
      args: ['--template', file, '--regions', 'eu-central-1', '--format', 'parseable', '--non-zero-exit-code', 'none'],
    });
    return stdout.split('\n').filter((line) => line !== '');
  };

  test('has no fault and no warning', async () => {
    expect(await lint(packaged?.template ?? {})).toEqual([]);
  });

  test('has none either where pgproof.yml says everything that it can', async () => {
    const everything = await packageService(() => readFileSync(join(import.meta.dirname, '../package/two-databases.yml'), 'utf8'));
    await everything.remove();
    expect(await lint(everything.template)).toEqual([]);
  });

  test('would show a property that does not exist and a reference into nowhere', async () => {
    const { Resources } = packaged?.template ?? { Resources: {} };
    const PeopleTopic = { Type: 'AWS::SNS::Topic', Properties: { Colour: 'red', DisplayName: { Ref: 'Nowhere' } } };
    const found = await lint({ Resources: { ...Resources, PeopleTopic } });
    expect(found.filter((line) => line.includes(':E3002:'))).toHaveLength(1);
    expect(found.filter((line) => line.includes(':E1012:') || line.includes('Nowhere'))).not.toEqual([]);
  });
});
