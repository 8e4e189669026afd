import { readFileSync } from 'node:fs';
import { checkConfig, type Config } from '../../../config/schema.ts';
import { ConfigurationError } from '../../../errors.ts';
import type { Environment } from '../environment.ts';

/**
 * pgproof.yml as deploy/esbuild-plugins.cjs has packaged it beside a function's code: as JSON, so that a function need not
 * know YAML.
 * @throws ConfigurationError with every fault
 */
export function openPackagedConfig({ PGPROOF_CONFIG: file }: Environment): Config {
  return checkConfig(read(file), file);
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigurationError([`${file}: the packaged configuration cannot be read`], { cause, hint: 'npx serverless deploy' });
  }
}
