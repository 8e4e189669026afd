/** What serverless.yml and the files beside this one take from pgproof.yml. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const configuration = require('./configuration.cjs');
const { PREFIX, arn, arnOf, idOf } = require('./names.cjs');

const root = join(__dirname, '..');

let settings;
module.exports = () => (settings ??= settingsOf(configuration()));

function settingsOf({ aws, databases, version }) {
  return {
    ...aws,
    publicIp: aws.network.publicIp ? 'ENABLED' : 'DISABLED',
    subnetIds: aws.network.subnets.join(','),
    parameterGroup: aws.instance.parameterGroup ?? '',
    image: aws.worker.image ?? { 'Fn::Sub': `\${WorkerRepository.RepositoryUri}:${version}` },
    subscriptions: aws.email.map((Endpoint) => ({ Protocol: 'email', Endpoint })),
    lock: lockOf(aws.bucket.lock),
    ...tasksOf(Object.keys(databases)),
    ...backupsOf(databases),
    ...layers(),
  };
}

/** What may be run, whatever its revision, and the roles that go with it: whoever runs a task hands it its roles. */
function tasksOf(databases) {
  const definition = (name) => arn('ecs', `task-definition/${PREFIX}-${name}:*`);
  const sourceDefinitions = databases.map((database) => definition(`source-${database}`));
  const sourceRoles = databases.map((database) => arnOf(idOf(database, 'SourceRole')));
  return {
    sourceDefinitions,
    sourceRoles,
    drillDefinitions: [definition('prove'), ...sourceDefinitions],
    drillTaskRoles: [arnOf('WorkerExecutionRole'), arnOf('ProveTaskRole'), ...sourceRoles],
  };
}

/** What the functions that begin backups may begin. A policy must name something: where there is nothing, what cannot exist. */
function backupsOf(databases) {
  const { sourceDefinitions, sourceRoles } = tasksOf(Object.keys(databases));
  const sources = Object.values(databases).flatMap(({ source: { rds, aurora } }) => [
    ...(rds === undefined ? [] : [arn('rds', `db:${rds}`)]),
    ...(aurora === undefined ? [] : [arn('rds', `cluster:${aurora}`)]),
  ]);
  return {
    readableDefinitions: orElse(sourceDefinitions, arn('ecs', `task-definition/${PREFIX}-source--none:*`)),
    readerRoles: [arnOf('WorkerExecutionRole'), ...sourceRoles],
    snapshotSources: orElse(sources, arn('rds', 'db:no--source')),
  };
}

function orElse(list, none) {
  return list.length > 0 ? list : [none];
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
    const { ConfigurationError, describeError } = require('../src/errors.ts');
    const missing = new ConfigurationError([`${path} is missing: validation needs pg_restore`], { hint: 'node layers/pg-tools/build.ts arm64' });
    process.stderr.write(`${describeError(missing)}\n`);
    process.exit(3);
  }
  return { layers: {}, validateLayers: [] };
}

function layer(path) {
  const description = "PostgreSQL's client programs";
  return { path, name: 'pgproof-${sls:stage}-pg-tools', description, compatibleArchitectures: ['arm64'], compatibleRuntimes: ['nodejs24.x'] };
}
