import { chmod, chown, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster, StartOptions } from './cluster.ts';
import type { Identity } from './identity.ts';
import { ownSettings, renderSettings } from './settings.ts';

/** Names in a cluster's directory. */
export const DATA = 'data';
export const LOG = 'server.log';
export const CONFIG = 'config/postgresql.conf';

export function dataDirectory(directory: string): string {
  return join(directory, DATA);
}

/** Makes a directory that only the server's identity may enter. */
export async function makeOwned(directory: string, identity: Identity | undefined): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  if (identity) await chown(directory, identity.uid, identity.gid);
}

/** Writes a file that only the server's identity may read. */
export async function writeOwned(file: string, text: string, identity: Identity | undefined): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    if (identity) await handle.chown(identity.uid, identity.gid);
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

/**
 * Writes the whole configuration outside the data directory. Nothing that lies in the data directory of a copied cluster
 * (settings, access rules, includes of other files) is read then.
 */
export async function writeConfiguration(cluster: Cluster, port: number, options: StartOptions): Promise<void> {
  const config = join(cluster.directory, CONFIG);
  const directory = dirname(config);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o711);
  const [hba, ident] = [join(directory, 'pg_hba.conf'), join(directory, 'pg_ident.conf')];
  const base = options.keepInitdbSettings ? `include '../${DATA}/postgresql.conf'\n` : '';
  const own = ownSettings({ port, socketDirectory: cluster.socketDirectory, hba, ident });
  await writeOwned(config, base + renderSettings({ ...options.settings, ...own }), cluster.identity);
  await writeOwned(hba, accessRules(options.replication ?? false), cluster.identity);
  await writeOwned(ident, '', cluster.identity);
}

/** The socket is in a directory that only the server's identity and root may enter. */
function accessRules(replication: boolean): string {
  const lines = ['local all all trust', 'host all all 127.0.0.1/32 scram-sha-256'];
  if (replication) lines.push('host replication all 127.0.0.1/32 scram-sha-256');
  return `${lines.join('\n')}\n`;
}
