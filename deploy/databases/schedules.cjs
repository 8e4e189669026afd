/**
 * When the backups and drills of one database begin. Scheduler delivers at least once, so what it begins is named after
 * the occurrence: a delivery that is repeated finds the first one there.
 */
const { PREFIX, arnOf, capitalize, idOf, ref, sub } = require('../names.cjs');
const serviceRole = require('../service-role.cjs');

/** The same however often one occurrence is delivered, unlike the time of the delivery. */
const SCHEDULED_AT = '<aws.scheduler.scheduled-time>';

/**
 * Names the execution. It cannot be the scheduled time: an execution's name must not hold a colon, and Scheduler
 * reformats nothing. Where a repeated delivery gets another id than the first, a second drill begins beside the first,
 * with an instance and evidence of its own: it costs its minutes and harms nothing.
 */
const EXECUTION_ID = '<aws.scheduler.execution-id>';

/** 80 characters for a name, less the longest kind, an id of 36 and two hyphens. */
const LONGEST_DATABASE = 34;

module.exports = (database, { schedules, drill }) => {
  const resources = {};
  for (const kind of ['snapshot', 'dump']) {
    if (schedules[kind]) resources[idOf(database, `${capitalize(kind)}Schedule`)] = schedule(`${database}-${kind}`, schedules[kind], backup(database, kind));
  }
  if (!schedules.drill) return resources;
  for (const kind of new Set(drill.kinds)) {
    const id = idOf(database, `${capitalize(kind)}DrillSchedule`);
    resources[id] = schedule(`${database}-drill-${kind}`, schedules.drill, startDrill(database, kind));
  }
  return resources;
};

function schedule(Name, { at, timezone, windowMinutes }, target) {
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name,
      GroupName: ref('ScheduleGroup'),
      ScheduleExpression: at,
      ScheduleExpressionTimezone: timezone,
      FlexibleTimeWindow: windowMinutes === 0 ? { Mode: 'OFF' } : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: windowMinutes },
      Target: {
        ...target,
        RoleArn: arnOf('SchedulerRole'),
        // By default it tries for a whole day, and a nightly dump would begin at noon.
        RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
        DeadLetterConfig: { Arn: arnOf('UndeliveredScheduleQueue') },
      },
    },
  };
}

function backup(database, kind) {
  return {
    Arn: arnOf(`${capitalize(kind)}LambdaFunction`),
    Input: JSON.stringify({ database, scheduledAt: SCHEDULED_AT }),
  };
}

function startDrill(database, kind) {
  const request = {
    StateMachineArn: '${RestoreDrill}',
    Name: `${database.slice(0, LONGEST_DATABASE)}-${kind}-${EXECUTION_ID}`,
    // The drill asks for the first two; the third is for whoever looks at the execution.
    Input: JSON.stringify({ database, kind, scheduledAt: SCHEDULED_AT }),
  };
  return { Arn: sub('arn:${AWS::Partition}:scheduler:::aws-sdk:sfn:startExecution'), Input: sub(JSON.stringify(request)) };
}

/** What the schedules share; nothing where nothing is scheduled. */
module.exports.shared = (databases) => {
  const all = Object.values(databases).map(({ schedules }) => schedules);
  const functions = ['snapshot', 'dump'].filter((kind) => all.some((schedules) => schedules[kind]));
  const drills = all.some((schedules) => schedules.drill);
  if (functions.length === 0 && !drills) return {};
  return {
    ScheduleGroup: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: PREFIX } },
    UndeliveredScheduleQueue: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true } },
    SchedulerRole: schedulerRole(functions, drills),
  };
};

function schedulerRole(functions, drills) {
  const Statement = [{ Sid: 'KeepWhatCannotBeDelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('UndeliveredScheduleQueue') }];
  if (functions.length > 0) {
    const Resource = functions.map((kind) => arnOf(`${capitalize(kind)}LambdaFunction`));
    Statement.push({ Sid: 'BeginBackups', Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource });
  }
  if (drills) Statement.push({ Sid: 'BeginDrills', Effect: 'Allow', Action: 'states:StartExecution', Resource: ref('RestoreDrill') });
  return serviceRole('scheduler', 'schedules', Statement);
}
