/**
 * What AWS would say only after everything was uploaded, or with the stack half made: too many resources for a stack, too
 * long policies for a role. Both grow with the databases and with what is scheduled for them, so they are counted when
 * they are there.
 */
const RESOURCES = 500;
/** Characters of all inline policies of a role together, without white space. */
const POLICIES = 10_240;

module.exports = class Limits {
  constructor(serverless) {
    this.hooks = {
      'before:aws:package:finalize:saveServiceState': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        const faults = [...resourceFaults(Resources), ...policyFaults(Resources)];
        if (faults.length === 0) return;
        const { ConfigurationError, describeError } = require('../src/errors.ts');
        const hint = 'divide them over accounts, each with a pgproof.yml of its own';
        process.stderr.write(`${describeError(new ConfigurationError(faults.map((fault) => `pgproof.yml: databases: ${fault}`), { hint }))}\n`);
        process.exit(3);
      },
    };
  }
};

function resourceFaults(resources) {
  const names = Object.keys(resources);
  if (names.length <= RESOURCES) return [];
  const ours = names.filter((name) => name.startsWith('Database')).length;
  return [`they make ${ours} of ${names.length} resources, and a stack takes ${RESOURCES}`];
}

function policyFaults(resources) {
  return Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
    .map(([name, { Properties }]) => [name, JSON.stringify((Properties.Policies ?? []).map(({ PolicyDocument }) => filled(PolicyDocument))).length])
    .filter(([, length]) => length > POLICIES)
    .map(([name, length]) => `the policies of ${name} would have about ${length} characters, and a role takes ${POLICIES}`);
}

/** With ARNs of a usual length for what only the deployment knows. */
function filled(value) {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  if ('Ref' in value || 'Fn::GetAtt' in value) return 'x'.repeat(85);
  if ('Fn::Sub' in value) return value['Fn::Sub'].replaceAll(/\$\{[^}]+\}/g, 'x'.repeat(12));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
}
