import * as z from 'zod';
import { Config } from './config.ts';

/**
 * The form of pgproof.yml for editors, from the same rules that read it. Rules between keys are beyond a schema: what it
 * takes may still be refused, what it refuses is always refused.
 */
export function configJsonSchema(): object {
  return { title: 'pgproof.yml', ...z.toJSONSchema(Config, { io: 'input' }) };
}
