import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaText } from './schema-text.ts';

/** `npm run schema`: what editors check pgproof.yml by. A test holds it to the rules it comes from. */
writeFileSync(join(import.meta.dirname, '../pgproof.schema.json'), schemaText());
