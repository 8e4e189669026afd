/**
 * pgproof.yml for everything under deploy/. Loading it is validating it: a faulty file ends `serverless package` with
 * every fault, each naming its path, before anything is built.
 */
const { readFileSync } = require('node:fs');
const { parse } = require('yaml');

const FILE = 'pgproof.yml';

let loaded;
module.exports = () => (loaded ??= load());

function load() {
  const { loadConfig } = require('../src/config/config.ts');
  const { encodeForTask, needDeployable } = require('../src/config/deployment.ts');
  const { ConfigurationError, describeError } = require('../src/errors.ts');
  const { PGPROOF_VERSION } = require('../src/version.ts');
  try {
    const { aws, databases } = needDeployable(loadConfig(FILE));
    const document = parse(readFileSync(FILE, 'utf8'));
    // Each source's task knows of its own database alone; the tasks that prove and validate know of all.
    const ofSources = Object.fromEntries(Object.keys(databases).map((name) => [name, encodeForTask(document, name)]));
    return { aws, databases, encoded: { all: encodeForTask(document), ofSources }, version: PGPROOF_VERSION };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    // Thrown, it would be repeated with its stack for each of the thirty variables that read this file.
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(3);
  }
}
