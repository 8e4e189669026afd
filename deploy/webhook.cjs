/** The function that posts to a chat webhook, with all that belongs to it, when `aws.webhookSecret` names one; else nothing. */
const configuration = require('./configuration.cjs');
const { PREFIX, arn, arnOf, ref, sub } = require('./names.cjs');

module.exports = () => {
  const { webhookSecret } = configuration().aws;
  if (webhookSecret === undefined) return { functions: {}, resources: { Resources: {} } };
  return { functions: { webhook: lambdaFunction(webhookSecret) }, resources: { Resources: resources(webhookSecret) } };
};

function lambdaFunction(secret) {
  return {
    handler: 'functions/webhook/handler.handler',
    description: 'Posts what the chat topic is told to a chat webhook',
    role: sub('${WebhookRole.Arn}'),
    // Four attempts of three seconds and the waits between them.
    timeout: 40,
    // Where the address is; the address itself is in no variable.
    environment: { PGPROOF_WEBHOOK_SECRET_ARN: secret },
  };
}

function resources(secret) {
  const lambda = arnOf('WebhookLambdaFunction');
  return {
    WebhookSubscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: { TopicArn: ref('ChatTopic'), Protocol: 'lambda', Endpoint: lambda },
    },
    WebhookPermission: {
      Type: 'AWS::Lambda::Permission',
      Properties: { Action: 'lambda:InvokeFunction', FunctionName: lambda, Principal: 'sns.amazonaws.com', SourceArn: ref('ChatTopic') },
    },
    // What was not taken after three times is kept, and the queue has an alarm.
    WebhookInvocation: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: ref('WebhookLambdaFunction'),
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 2,
        DestinationConfig: { OnFailure: { Destination: arnOf('UndeliveredQueue') } },
      },
    },
    WebhookRole: role(secret),
  };
}

function role(secret) {
  const allow = (Sid, Action, Resource) => ({ Sid, Effect: 'Allow', Action, Resource });
  const lambdaOnly = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const Statement = [
    allow('Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], arn('logs', `log-group:/aws/lambda/${PREFIX}-webhook:*`)),
    allow('ReadTheAddress', 'secretsmanager:GetSecretValue', secret),
    {
      // A secret under a key of the owner's; the key's own policy must agree.
      ...allow('DecryptTheAddress', 'kms:Decrypt', arn('kms', 'key/*')),
      Condition: { StringEquals: { 'kms:ViaService': sub('secretsmanager.${AWS::Region}.amazonaws.com'), 'kms:EncryptionContext:SecretARN': secret } },
    },
    allow('KeepFailedEvents', 'sqs:SendMessage', arnOf('UndeliveredQueue')),
  ];
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [lambdaOnly] },
      Policies: [{ PolicyName: 'webhook', PolicyDocument: { Version: '2012-10-17', Statement } }],
    },
  };
}
