import type { Webhook } from '../../watch/webhook.ts';
import type { Cloud, DeployedCloud } from '../cloud.ts';
import type { Environment } from './environment.ts';

/**
 * The parts of the cloud that functions ask for by name, each with its own client of AWS. A bundle carries only the parts
 * that its handler imports from here, and on the laptop none of them is ever loaded.
 */
export type Part<T> = () => Promise<(settings: Environment) => T>;

export const store: Part<Cloud['store']> = async () => (await import('./open/store.ts')).openStore;

export const databases: Part<Cloud['databases']> = async () => (await import('./open/databases.ts')).openDatabases;

export const notifier: Part<Cloud['notifier']> = async () => (await import('./open/notifier.ts')).openNotifier;

export const signer: Part<Cloud['signer']> = async () => (await import('./open/signer.ts')).openSigner;

export const snapshots: Part<DeployedCloud['snapshots']> = async () => (await import('./open/snapshots.ts')).openSnapshots;

export const launcher: Part<DeployedCloud['launcher']> = async () => (await import('./open/launcher.ts')).openLauncher;

export const config: Part<Cloud['config']> = async () => (await import('./open/packaged-config.ts')).openPackagedConfig;

export const programsFor: Part<Cloud['programsFor']> = async () => {
  const { openPrograms } = await import('./open/programs.ts');
  return () => openPrograms(process.env);
};

export const webhook: Part<Webhook> = async () => (await import('./open/webhook.ts')).openWebhook;
