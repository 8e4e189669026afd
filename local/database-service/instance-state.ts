import { join } from 'node:path';
import { readFile, stat } from 'node:fs/promises';
import type { Connection, Instance } from '../../src/cloud/database-service.ts';
import { describeError, InstanceFailedError } from '../../src/errors.ts';
import { PASSWORD_FILE } from '../../src/postgres/cluster/creation.ts';
import { dataDirectory, LOG } from '../../src/postgres/cluster/cluster-files.ts';
import { exists } from '../../src/postgres/cluster/cluster-end.ts';
import { postmasterPid, processesIn } from '../../src/postgres/cluster/processes.ts';
import { logProblem } from '../../src/postgres/cluster/server-log.ts';
import { isOwnerAlive } from '../../src/owner.ts';
import { entriesIn, readRecord, UNBORN, type InstanceRecord } from './instance-record.ts';
import { instanceDirectory, socketDirectory, type Places } from './places.ts';

/**
 * What an instance is now, whatever its record says: a server that died is no available instance, and an instance whose
 * maker died never becomes one. Undefined only when its processes, its files and its socket are all gone.
 */
export async function describe(places: Places, instanceId: string): Promise<Instance | undefined> {
  const directory = instanceDirectory(places, instanceId);
  const record = await readRecord(directory, instanceId);
  if (record) return { ...publicPart(record), ...(await stateOf(record, directory)) };
  const left = await processesIn(directory);
  if (left.length === 0 && !(await exists(socketDirectory(places, instanceId)))) return undefined;
  const detail = left.length > 0 ? `processes left: ${left.join(', ')}` : 'its socket is left';
  return { instanceId, status: 'deleting', detail, createdAt: new Date(0), tags: {} };
}

/** Every instance of this home. What looks like one and cannot be read is listed as failed: it must not be overlooked. */
export async function list(places: Places): Promise<Instance[]> {
  const instances: Instance[] = [];
  for (const name of (await entriesIn(places.instances)).sort()) {
    if (name.startsWith(UNBORN)) continue;
    try {
      const instance = await describe(places, name);
      if (instance) instances.push(instance);
    } catch (error) {
      const { mtime } = await stat(join(places.instances, name));
      instances.push({ instanceId: name, status: 'failed', detail: describeError(error), createdAt: mtime, tags: {} });
    }
  }
  return instances;
}

/**
 * How to log in to an available instance as its superuser.
 * @throws InstanceFailedError saying what it is instead
 */
export async function connectionOf(places: Places, instanceId: string): Promise<Connection> {
  const instance = await describe(places, instanceId);
  const directory = instanceDirectory(places, instanceId);
  const record = await readRecord(directory, instanceId);
  if (instance?.status !== 'available' || record?.port === undefined) {
    const state = instance ? `${instance.status}${instance.detail ? `: ${instance.detail}` : ''}` : 'gone';
    throw new InstanceFailedError(instanceId, `instance ${instanceId} is not available but ${state}`);
  }
  const password = await readFile(join(directory, PASSWORD_FILE), 'utf8');
  return { host: '127.0.0.1', port: record.port, user: record.superuser, password };
}

type State = Pick<Instance, 'status' | 'detail'>;

async function stateOf(record: InstanceRecord, directory: string): Promise<State> {
  const said = { status: record.status, ...(record.detail === undefined ? {} : { detail: record.detail }) };
  if (record.status === 'creating' && !isOwnerAlive(record.owner)) {
    return { status: 'failed', detail: 'the process that was creating it ended' };
  }
  if (record.status !== 'available') return said;
  const pid = await postmasterPid(dataDirectory(directory));
  if (pid !== undefined && (await processesIn(directory)).includes(pid)) return said;
  const reason = await logProblem(join(directory, LOG));
  return { status: 'failed', detail: `its server ended${reason === undefined ? '' : `: ${reason}`}` };
}

function publicPart({ instanceId, createdAt, tags }: InstanceRecord): Pick<Instance, 'instanceId' | 'createdAt' | 'tags'> {
  return { instanceId, createdAt: new Date(createdAt), tags };
}
