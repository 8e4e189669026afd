import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ROOT } from '../../docs/checkout.ts';
import { makeHome } from '../helpers/reachable-home.ts';

let home: string;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Starts a run of the sample and resolves when it says something that matches. */
async function startRun(until: RegExp) {
  const options = { reject: false, all: true, stdin: 'ignore', env: { NO_COLOR: '1' }, buffer: true } as const;
  const child = execa(process.execPath, [join(ROOT, 'local', 'main.ts'), 'run', '--home', home], options);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.all.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (until.test(said)) resolve();
    });
    void child.then(({ all }) => reject(new Error(`ended before ${until}: ${all}`)));
  });
  // Not the child itself: it is a promise of its own end.
  return { kill: (signal: NodeJS.Signals) => child.kill(signal), ended: async () => await child };
}

async function leftovers() {
  const { stdout } = await execa('ps', ['-eo', 'pid=,args=']);
  const processes = stdout.split('\n').filter((line) => line.includes(home) && !line.includes('ps -eo'));
  const instances = readdirSync(join(home, 'instances'));
  return { processes, instances };
}

it.each([
  ['while the sample is filled', /filling the sample shop/],
  ['while the dump streams', /streaming pg_dump/],
  ['while the cluster is copied', /copying the running cluster/],
  ['while the log is kept', /leaving rows before and after it/],
])('Ctrl-C %s leaves nothing behind and exits 130', async (_when, until) => {
  const child = await startRun(until);
  child.kill('SIGINT');
  const { exitCode, all } = await child.ended();
  expect(all).toMatch(/stopping: destroying what was created/);
  expect(exitCode).toBe(130);
  expect(await leftovers()).toEqual({ processes: [], instances: [] });
});

it('Ctrl-C during a drill destroys, seals NOT PROVEN and leaves nothing behind', async () => {
  const child = await startRun(/restoring and comparing/);
  child.kill('SIGINT');
  const { exitCode, all } = await child.ended();
  expect(all).toMatch(/sealing the evidence/);
  expect(all).toMatch(/NOT PROVEN/);
  expect([2, 130]).toContain(exitCode);
  expect(await leftovers()).toEqual({ processes: [], instances: [] });
});

it('what kill -9 leaves is destroyed by the next command, and the backup it had made is kept', async () => {
  const child = await startRun(/restoring and comparing/);
  child.kill('SIGKILL');
  await child.ended();
  const next = await execa(process.execPath, [join(ROOT, 'local', 'main.ts'), 'drill', '--home', home], { reject: false, all: true, stdin: 'ignore' });
  expect(next.all).toMatch(/which an earlier run left behind/);
  expect(next.all).toMatch(/PROVEN L5 {2}dump of shop/);
  expect(next.exitCode).toBe(0);
  expect(await leftovers()).toEqual({ processes: [], instances: [] });
});
