import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawMachine } from '../../docs/machine-drawing.ts';
import { makeCheckout, ROOT, type Checkout } from '../../docs/checkout.ts';
import { commandsIn, readBlock } from '../../docs/readme-blocks.ts';
import { DRILL_DEFINITION, drillSubstitutions } from '../../local/drill-machine.ts';
import { loadDefinition } from '../../local/state-machine/definition.ts';
import { parseConfig } from '../../src/config/config.ts';
import { PGPROOF_VERSION } from '../../src/version.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** What each command of the README is expected to do; a command that is not here fails the test below. */
const EXPECTED: Readonly<Record<string, { exitCode: number; output: RegExp }>> = {
  'npm start': { exitCode: 0, output: /^PROVEN L5 {2}dump of shop[^]*^PROVEN L3 {2}snapshot of shop[^]*^PROVEN L3 {2}point in time of shop/m },
  'npx pgproof drill --break change-value': { exitCode: 1, output: /^FAILED {2}\(fault planted on purpose: change-value\)/m },
  'npx pgproof verify "$(ls -t .pgproof/bucket/v1/shop/drills/*/evidence.json | head -1)"': { exitCode: 0, output: /: intact$/m },
  'npx pgproof status': { exitCode: 0, output: /^shop: PROVEN/m },
};

/** Run where a clean clone is installed or packaged, and where there is an account: by .ci/run, test/package and test/aws. */
const ELSEWHERE = ['npm ci', 'npx serverless package', 'npm run deploy'];

describe('the commands of the README, typed in order in a fresh checkout', () => {
  let checkout: Checkout;
  beforeAll(async () => {
    checkout = await makeCheckout();
  });
  afterAll(() => checkout.remove());

  it.each(commandsIn(readme).filter((line) => !ELSEWHERE.includes(line)))('%s', async (line) => {
    const expected = EXPECTED[line];
    expect(expected, `README.md tells to type ${line}, and nothing here says what it should do`).toBeDefined();
    const { exitCode, output } = await checkout.type(line);
    expect(output).toMatch(expected?.output ?? /^$/);
    expect(exitCode).toBe(expected?.exitCode);
  });

  it('leave no cluster running and no instance on disk', async () => {
    const { output } = await checkout.type('ls .pgproof/instances | wc -l; pgrep -f "$PWD/.pgproof" | wc -l');
    expect(output.split('\n').map((line) => line.trim())).toEqual(['0', expect.stringMatching(/^[01]$/)]);
  });
});

describe('the README', () => {
  it('draws the state machine that runs', () => {
    const drawn = drawMachine(loadDefinition(DRILL_DEFINITION, drillSubstitutions()));
    expect(readBlock(readme, 'drawing: restore-drill')).toBe(drawn);
  });

  it('shows a pgproof.yml that is valid', () => {
    const yaml = readBlock(readme, 'example: pgproof.yml') ?? '';
    expect(Object.keys(parseConfig(yaml, 'README.md').databases)).toEqual(['orders']);
  });

  it('shows transcripts of both ends', () => {
    expect(readBlock(readme, 'transcript: npm start')).toMatch(/PROVEN L5/);
    expect(readBlock(readme, 'transcript: a drill that must fail')).toMatch(/FAILED/);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/checks.md', 'docs/format.md', 'docs/evidence.md', 'bench/README.md'])(
    'and its neighbours link only to files that exist: %s',
    (file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? '').filter((link) => !/^https?:/.test(link));
      expect(links.filter((link) => !existsSync(join(ROOT, file, '..', link)))).toEqual([]);
    },
  );

  it('and the program agree on the version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(PGPROOF_VERSION).toBe(version);
  });
});
