import { openLaptop } from '../local/laptop.ts';
import { validateBackup } from '../src/backup/validation.ts';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** One validation in a process of its own: `node bench/validate.ts HOME MANIFEST_KEY`. */
const [home = '', key = ''] = process.argv.slice(2);
const result = await validateBackup(key, openLaptop({ home }));
if (result?.validation.status !== 'valid') throw new Error(`not valid: ${JSON.stringify(result?.validation.findings)}`);
await rm(join(home, 'bucket', key.replace('manifest.json', 'validation.json')));
