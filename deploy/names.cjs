/** Names that several parts of the template must agree on. */

/** Of everything that belongs to this stage. */
const PREFIX = '${self:service}-${sls:stage}';

/**
 * Logical id of something that belongs to one database. CloudFormation allows letters and digits only; names of databases
 * are in lower case, so an X can stand for the hyphen and no two names meet.
 */
function idOf(database, what) {
  const name = database.replaceAll('-', 'X');
  return `Database${name.slice(0, 1).toUpperCase()}${name.slice(1)}${what}`;
}

function capitalize(word) {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

/** An ARN in the stack's own Region and account. */
function arn(service, resource) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}` };
}

const arnOf = (logicalId) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const ref = (logicalId) => ({ Ref: logicalId });
const sub = (text) => ({ 'Fn::Sub': text });

module.exports = { PREFIX, idOf, capitalize, arn, arnOf, ref, sub };
