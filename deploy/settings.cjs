/**
 * What serverless.yml takes from pgproof.yml. Loading it is validating it: a faulty file ends `serverless package` with
 * every fault, each naming its path, before anything is built.
 */
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

module.exports = () => {
  const { loadConfig } = require('../src/config/config.ts');
  const { ConfigurationError, describeError } = require('../src/errors.ts');
  const { PGPROOF_VERSION } = require('../src/version.ts');
  const { needAws } = require('../src/config/aws.ts');
  try {
    return settingsOf(needAws(loadConfig('pgproof.yml')), PGPROOF_VERSION);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    // Thrown, it would be repeated with its stack for each of the thirty variables that read this file.
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(3);
  }
};

function settingsOf(aws, version) {
  return {
    ...aws,
    publicIp: aws.network.publicIp ? 'ENABLED' : 'DISABLED',
    subnetIds: aws.network.subnets.join(','),
    parameterGroup: aws.instance.parameterGroup ?? '',
    image: aws.worker.image ?? { 'Fn::Sub': `\${WorkerRepository.RepositoryUri}:${version}` },
    subscriptions: aws.email.map((Endpoint) => ({ Protocol: 'email', Endpoint })),
    lock: lockOf(aws.bucket.lock),
    ...layers(),
  };
}

function lockOf({ mode, days }) {
  if (mode === 'off') return { enabled: false, configuration: { Ref: 'AWS::NoValue' } };
  const DefaultRetention = { Mode: mode.toUpperCase(), Days: days };
  return { enabled: true, configuration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } };
}

/** pg_restore for the function that validates. Packaging works without it, deploying would only look as if it did. */
function layers() {
  const path = 'layers/pg-tools/build/arm64';
  if (existsSync(join(root, path))) return { layers: { pgTools: layer(path) }, validateLayers: [{ Ref: 'PgToolsLambdaLayer' }] };
  if (process.argv.includes('deploy')) {
    const { ConfigurationError } = require('../src/errors.ts');
    throw new ConfigurationError([`${path} is missing: validation needs pg_restore`], { hint: 'node layers/pg-tools/build.ts arm64' });
  }
  return { layers: {}, validateLayers: [] };
}

function layer(path) {
  const description = "PostgreSQL's client programs";
  return { path, name: 'pgproof-${sls:stage}-pg-tools', description, compatibleArchitectures: ['arm64'], compatibleRuntimes: ['nodejs24.x'] };
}
