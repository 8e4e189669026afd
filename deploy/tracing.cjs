/** With `aws.tracing`: the right to send traces, for every function and the state machine; without it nothing. */
const configuration = require('./configuration.cjs');
const functions = require('./functions.cjs');
const { ref } = require('./names.cjs');

module.exports = () => {
  if (!configuration().aws.tracing) return { Resources: {} };
  const Statement = [
    {
      Sid: 'SendTraces',
      Effect: 'Allow',
      Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
      // X-Ray has no resources to name.
      Resource: '*',
    },
  ];
  const Roles = [...functions().map(({ role }) => role), 'RestoreDrillRole'].map(ref);
  return {
    Resources: {
      TracingPolicy: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: { Version: '2012-10-17', Statement }, Roles } },
    },
  };
};
