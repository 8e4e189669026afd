import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../docs/checkout.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { HEARTBEAT_CONFIG, keepLogOfShop } from '../helpers/kept-log.ts';

let home: TestHome;
beforeAll(async () => {
  home = await makeTestHome({ config: HEARTBEAT_CONFIG });
  await keepLogOfShop(home);
});
afterAll(() => home.remove());

const drill = () => execa(process.execPath, [join(ROOT, 'local', 'main.ts'), 'drill', '--kind', 'pitr', '--home', home.home], { reject: false, all: true, stdin: 'ignore', env: { NO_COLOR: '1' } });

/** Begins a drill and resolves when its server is being made or replays the log. */
async function startReplay() {
  const child = drill();
  let ended = false;
  void child.then(() => (ended = true));
  const instances = join(home.home, 'instances');
  const replays = async () => {
    for (const name of await readdir(instances).catch((): string[] => [])) {
      if ((await readdir(join(instances, name, 'data')).catch((): string[] => [])).includes('recovery.signal')) return true;
    }
    return false;
  };
  while (!(await replays())) {
    if (ended) throw new Error(`the drill ended before it replayed: ${(await child).all}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { kill: (signal: NodeJS.Signals) => child.kill(signal), ended: async () => await child };
}

async function leftovers() {
  const { stdout } = await execa('ps', ['-eo', 'pid=,args=']);
  const processes = stdout.split('\n').filter((line) => line.includes(home.home) && !line.includes('ps -eo'));
  return { processes, instances: await readdir(join(home.home, 'instances')) };
}

it('Ctrl-C while the log is replayed destroys, seals NOT PROVEN and leaves nothing behind', async () => {
  const child = await startReplay();
  child.kill('SIGINT');
  const { exitCode, all } = await child.ended();
  expect(all).toMatch(/NOT PROVEN/);
  expect([2, 130]).toContain(exitCode);
  expect(await leftovers()).toEqual({ processes: [], instances: [] });
});

it('what kill -9 leaves of a replay is destroyed by the next drill, which recovers from the same log', async () => {
  const child = await startReplay();
  child.kill('SIGKILL');
  await child.ended();
  expect((await leftovers()).instances).toHaveLength(1);
  const { all, exitCode } = await drill();
  expect(all).toMatch(/destroyed pgproof-drill-shop-\S+, which an earlier run left behind/);
  expect(all).toMatch(/PROVEN L3 {2}point in time of shop/);
  expect(exitCode).toBe(0);
  expect(await leftovers()).toEqual({ processes: [], instances: [] });
});
