import { loadConfig, parseConfig, type Config } from '../../../config/config.ts';
import type { Environment } from '../environment.ts';

/**
 * pgproof.yml, from the variable that a task definition carries, or from the file beside a function's code.
 * @throws ConfigurationError with every fault
 */
export function openConfig({ PGPROOF_CONFIG_BASE64: encoded, PGPROOF_CONFIG: file }: Environment): Config {
  if (encoded === undefined) return loadConfig(file);
  return parseConfig(Buffer.from(encoded, 'base64').toString('utf8'), 'PGPROOF_CONFIG_BASE64');
}
