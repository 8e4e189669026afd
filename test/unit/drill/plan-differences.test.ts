import { expect, test } from 'vitest';
import { planDrill } from '../../../src/drill/plan.ts';
import { makeScriptedCloud, putValidatedDump } from '../../helpers/scripted-cloud.ts';

const SECRET = 'secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop"';

/** The plan of a dump of a database with an instance class and a parameter group of its own. */
async function differencesOf(source: string): Promise<object> {
  const yml = `databases: { shop: { source: { ${source}: shop-1, database: shop, ${SECRET} }, drill: { instance: { class: db.m7g.large, parameterGroup: shop } } } }`;
  const cloud = await makeScriptedCloud({ yml });
  try {
    await putValidatedDump(cloud);
    const plan = await planDrill({ input: {}, drillId: 'd1', startedAt: '2026-11-20T12:00:00Z' }, cloud);
    return plan.differences;
  } finally {
    await cloud.remove();
  }
}

test('a dump of an instance is restored with its own class and parameter group', async () => {
  expect(await differencesOf('rds')).toEqual({ class: 'db.m7g.large', parameterGroup: 'shop' });
});

test('a dump of a cluster is restored to an instance, which takes no parameter group of clusters', async () => {
  expect(await differencesOf('aurora')).toEqual({ class: 'db.m7g.large' });
});
