import { parseArgs } from 'node:util';
import { ConfigurationError } from '../src/errors.ts';

/** Names that the template gives and that deploying needs to know. */
const SERVICE = 'pgproof';

export const stackName = (stage: string): string => `${SERVICE}-${stage}`;
export const repositoryName = (stage: string): string => `${SERVICE}-${stage}-worker`;
export const clusterName = (stage: string): string => `${SERVICE}-${stage}`;

export interface Options {
  readonly stage: string;
  readonly yes: boolean;
}

/** @throws ConfigurationError for an option that is unknown, or a stage that AWS would not take as part of names */
export function readOptions(argv: readonly string[], known: readonly ('stage' | 'yes')[]): Options {
  const all = { stage: { type: 'string' }, yes: { type: 'boolean' } } as const;
  const options = Object.fromEntries(known.map((name) => [name, all[name]]));
  const hint = `npm run deploy -- --stage prod; npm run remove -- --stage prod --yes`;
  let values: { stage?: unknown; yes?: unknown };
  try {
    values = parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    throw new ConfigurationError([cause instanceof Error ? cause.message : String(cause)], { cause, hint });
  }
  const { stage = 'prod', yes = false } = values;
  if (typeof stage !== 'string' || !/^[a-z][a-z0-9]{0,15}$/.test(stage)) {
    throw new ConfigurationError([`--stage ${String(stage)}: expected up to 16 of a-z and 0-9, a letter first`], { hint });
  }
  return { stage, yes: yes === true };
}
