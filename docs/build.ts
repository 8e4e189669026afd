import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DRILL_DEFINITION, drillSubstitutions } from '../local/drill-machine.ts';
import { loadDefinition } from '../local/state-machine/definition.ts';
import { makeCheckout, ROOT } from './checkout.ts';
import { drawMachine } from './machine-drawing.ts';
import { replaceBlock } from './readme-blocks.ts';

/**
 * Writes what the README shows: the drawing of the state machine and the output of its commands, run in a fresh
 * checkout. `npm run docs`.
 */
const TRANSCRIPTS = [
  { name: 'transcript: npm start', line: 'npm start --silent', exitCode: 0 },
  { name: 'transcript: a drill that must fail', line: 'npx pgproof drill --break change-value', exitCode: 1 },
  { name: 'transcript: verify', line: 'npx pgproof verify "$(ls -t .pgproof/bucket/v1/shop/drills/*/evidence.json | head -1)"', exitCode: 0 },
  { name: 'transcript: status', line: 'npx pgproof status', exitCode: 0 },
];

async function build(): Promise<void> {
  const path = join(ROOT, 'README.md');
  let readme = await readFile(path, 'utf8');
  readme = replaceBlock(readme, 'drawing: restore-drill', 'mermaid', drawMachine(loadDefinition(DRILL_DEFINITION, drillSubstitutions())));
  const checkout = await makeCheckout();
  try {
    for (const { name, line, exitCode: expected } of TRANSCRIPTS) {
      const { output, exitCode } = await checkout.type(line);
      if (exitCode !== expected) throw new RangeError(`${line}: exit code ${exitCode}, expected ${expected}\n${output}`);
      readme = replaceBlock(readme, name, 'text', withoutNpm(output));
    }
  } finally {
    await checkout.remove();
  }
  await writeFile(path, readme);
}

/** npm's own warnings are not ours to show. */
function withoutNpm(output: string): string {
  return output
    .split('\n')
    .filter((line) => !line.startsWith('npm warn'))
    .map((line) => line.trimEnd())
    .join('\n')
    .replaceAll(/^\n+|\n+$/g, '');
}

await build();
