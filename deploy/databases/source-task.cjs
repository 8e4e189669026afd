/** The task that reads one database, and a role that can read no other and can write no other's backups. */
const { arn, arnOf, idOf, sub } = require('../names.cjs');
const { taskDefinition, taskRole } = require('../tasks.cjs');

/** What this task may write: dumps, what belongs to snapshots, and readings for drills to a point in time. */
const PLACES = ['dumps', 'snapshots', 'readings'];

/** @param encoded the worker's configuration, of this database alone */
module.exports = (database, { source }, encoded) => {
  const role = idOf(database, 'SourceRole');
  return {
    [idOf(database, 'SourceTaskDefinition')]: taskDefinition(`source-${database}`, role, encoded),
    [role]: taskRole('source', [...storeStatements(database), ...databaseStatements(source)]),
  };
};

function storeStatements(database) {
  const objects = PLACES.map((place) => sub(`\${BackupBucket.Arn}/v1/${database}/${place}/*`));
  return [
    // Without it S3 answers "forbidden" where "there is none" is asked for. It shows names, never content.
    { Sid: 'FindObjects', Effect: 'Allow', Action: 's3:ListBucket', Resource: arnOf('BackupBucket') },
    { Sid: 'ReadObjects', Effect: 'Allow', Action: 's3:GetObject', Resource: objects },
    { Sid: 'WriteObjects', Effect: 'Allow', Action: ['s3:PutObject', 's3:AbortMultipartUpload'], Resource: objects },
    { Sid: 'EncryptAndDecrypt', Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: arnOf('BackupKey') },
  ];
}

function databaseStatements({ rds, aurora, secret, iam }) {
  const statements = [];
  if (rds !== undefined) {
    statements.push({ Sid: 'FindTheInstance', Effect: 'Allow', Action: 'rds:DescribeDBInstances', Resource: arn('rds', `db:${rds}`) });
  }
  if (aurora !== undefined) {
    statements.push({ Sid: 'FindTheCluster', Effect: 'Allow', Action: 'rds:DescribeDBClusters', Resource: arn('rds', `cluster:${aurora}`) });
  }
  if (secret !== undefined) {
    statements.push({ Sid: 'ReadItsPassword', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret });
    // For a secret under a key of the owner's; the key's own policy must leave it to the account's policies.
    const throughSecret = { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.amazonaws.com'), 'kms:EncryptionContext:SecretARN': secret };
    statements.push({ Sid: 'DecryptItsPassword', Effect: 'Allow', Action: 'kms:Decrypt', Resource: arn('kms', 'key/*'), Condition: { StringEquals: throughSecret } });
  }
  if (iam !== undefined) {
    const Resource = arn('rds-db', `dbuser:${iam.resourceId}/${iam.user}`);
    statements.push({ Sid: 'LogInWithoutPassword', Effect: 'Allow', Action: 'rds-db:connect', Resource });
  }
  return statements;
}
