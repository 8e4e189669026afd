import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HEARTBEAT_CONFIG, keepLogOfShop } from '../helpers/kept-log.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';

/** A source that lives, and of which nothing was read since the end of its log: the drill reads it itself. */
let home: TestHome;
beforeAll(async () => {
  home = await makeTestHome({ config: HEARTBEAT_CONFIG.replace('ops.heartbeat', 'ops.heartbeat, source: { env: SHOP_URL }') });
  await keepLogOfShop(home, { alive: true });
});
afterAll(() => home.remove());

it('a drill to the latest moment leaves a row in the source first, and finds that it has no such row', async () => {
  const { body, finding } = await home.drill({ database: 'shop', kind: 'pitr' });
  const mark = `v1/shop/readings/${body.drillId}/mark.json`;
  expect(await home.keys('v1/shop/readings/')).toContain(mark);
  expect(body.subjects.map(({ key }) => key)).toContain(mark);
  expect(finding('boundary')).toMatchObject({ status: 'passed', examined: 2 });
  expect([body.verdict, body.assurance]).toEqual(['PROVEN', 'L3']);
});

it('a source that cannot be read any more makes it NOT PROVEN, and no instance', async () => {
  for (const key of await home.keys('v1/shop/readings/')) {
    if (!key.includes('/r1/')) await rm(`${home.home}/bucket/${key}`);
  }
  home.source('shop', 'postgres://postgres@127.0.0.1:1/shop?sslmode=disable');
  const { body, exitCode } = await home.drill({ database: 'shop', kind: 'pitr' });
  expect([body.verdict, exitCode]).toEqual(['NOT PROVEN', 2]);
  expect(body.reason).toMatch(/127\.0\.0\.1:1/);
  expect((await home.laptop.databases.listInstances()).map(({ instanceId }) => instanceId)).toEqual(['source']);
});
