import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { ConfigurationError } from '../errors.ts';
import { checkConfig, type Config } from './schema.ts';

/** Reads pgproof.yml. What need not read YAML imports schema.ts alone: functions get theirs packaged as JSON. */
export * from './schema.ts';

/** @throws ConfigurationError with every fault, each beginning with its path */
export function parseConfig(text: string, file: string): Config {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new ConfigurationError(document.errors.map((error) => `${file}: ${error.message.split('\n')[0]}`));
  }
  return checkConfig(document.toJS(), file);
}

/** @throws ConfigurationError when the file cannot be read or is faulty */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError([`--config ${file}: cannot be read`], { cause, hint: `ls -l ${file}` });
  }
  return parseConfig(text, file);
}
