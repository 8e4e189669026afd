/** What the files under functions/ say of the functions, for those parts of the template that are about all of them. */
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const readYaml = require('./cloudformation-yaml.cjs');
const { capitalize } = require('./names.cjs');
const webhook = require('./webhook.cjs');

module.exports = () =>
  readdirSync(join(__dirname, 'functions'))
    .filter((file) => file.endsWith('.yml'))
    .sort()
    .flatMap((file) => Object.entries(readYaml(`functions/${file}`)))
    .concat(Object.entries(webhook().functions))
    .map(([name, { handler, role }]) => ({
      logicalId: `${capitalize(name)}LambdaFunction`,
      name,
      /** Called by the state machine, which retries, catches and reports by itself. */
      isDrillState: handler.startsWith('functions/restore-drill/'),
      role: /\$\{(\w+)\.Arn\}/.exec(role['Fn::Sub'])[1],
    }));
