#!/usr/bin/env node
// Starts on whatever Node the machine has and hands over to the Node 24 that `npm ci` installed
// when this one is too old to run TypeScript itself. Kept to syntax that Node 18 understands.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, 'local', 'main.ts');

// Keeps what Node makes of the sources, so that it and every worker start in half the time and with less memory. Beside
// the dependencies and not in a directory that other users can write to.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'pgproof');

if (Number(process.versions.node.split('.')[0]) >= 24) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main);
} else {
  handOver(bundledNode());
}

function bundledNode() {
  try {
    const found = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
    if (existsSync(found)) return found;
  } catch {
    // not installed: said below
  }
  process.stderr.write(
    `pgproof: needs Node 24, this is ${process.version}\nHINT: run "npm ci" in ${root}, which brings Node 24, or install Node 24\n`,
  );
  process.exit(3);
}

function handOver(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; a service manager signals only this one.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`pgproof: cannot start ${node}: ${error.message}\nHINT: run "npm ci" in ${root}\n`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}
