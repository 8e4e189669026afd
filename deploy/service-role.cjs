/** A role that one service of AWS can take, in this account alone. */
const { ref } = require('./names.cjs');

module.exports = (service, PolicyName, Statement) => {
  const trust = {
    Effect: 'Allow',
    Principal: { Service: `${service}.amazonaws.com` },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
  };
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
      Policies: [{ PolicyName, PolicyDocument: { Version: '2012-10-17', Statement } }],
    },
  };
};
