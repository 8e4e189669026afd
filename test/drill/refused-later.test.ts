import { expect, test } from 'vitest';
import { runDrill } from '../../local/drill-machine.ts';
import type { Instance } from '../../src/cloud/database-service.ts';
import { InstanceRefusedError } from '../../src/errors.ts';
import { makeScriptedCloud, putValidatedDump } from '../helpers/scripted-cloud.ts';

// A cluster gets its instance only when it is available: there may be no capacity for it then.

async function drill(status: (call: number) => Instance['status'] | undefined) {
  const cloud = await makeScriptedCloud({ status });
  try {
    await putValidatedDump(cloud);
    const { signal } = new AbortController();
    const { end } = await runDrill({ cloud, tasks: cloud.tasks, drillId: '20261120T120000Z-late', input: {}, signal, pauseMilliseconds: 1, onEvent: () => undefined });
    return { end, calls: cloud.calls };
  } finally {
    await cloud.remove();
  }
}

function refuse(): never {
  throw new InstanceRefusedError('RDS refused instance pgproof-drill-a: InsufficientDBInstanceCapacity');
}

test('an instance that is refused while its cluster is waited for is asked for again', async () => {
  const { end } = await drill((call) => (call < 3 ? refuse() : call === 3 ? 'available' : undefined));
  expect(end).toMatchObject({ status: 'SUCCEEDED', output: { verdict: 'PROVEN' } });
});

test('one that is refused three times ends the drill, and the cluster is destroyed', async () => {
  const { end, calls } = await drill((call) => (call < 4 ? refuse() : undefined));
  expect(end).toMatchObject({ status: 'FAILED', error: 'DrillNotProven' });
  expect(calls).toContain('delete');
});
