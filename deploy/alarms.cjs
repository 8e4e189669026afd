/**
 * What people are told when nobody else would: silence is an alarm too. Each says what is wrong in a sentence, since that
 * sentence is all that a telephone shows at night.
 */
const configuration = require('./configuration.cjs');
const functions = require('./functions.cjs');
const { PREFIX, capitalize, idOf, ref } = require('./names.cjs');

const HOUR = 3600;
const WORDS = { dump: 'dump', snapshot: 'snapshot', pitr: 'point in time' };
const ACTIONS = [ref('PeopleTopic'), ref('ChatTopic')];

module.exports = () => {
  const { databases } = configuration();
  const resources = {};
  for (const [name, database] of Object.entries(databases)) Object.assign(resources, ageAlarms(name, database));
  for (const { logicalId, name, isDrillState } of functions()) {
    if (!isDrillState) resources[`${capitalize(name)}FunctionAlarm`] = functionAlarm(logicalId, name);
  }
  Object.assign(resources, machineAlarms());
  for (const queue of queues(databases)) resources[`${queue}Alarm`] = queueAlarm(queue);
  return { Resources: resources };
};

function ageAlarms(database, { schedules, drill, alerts }) {
  const alarms = {};
  for (const kind of ['dump', 'snapshot']) {
    if (!schedules[kind]) continue;
    const sentence = `${database} has had no valid ${kind} for ${hours(alerts.backupAge)}, or nothing says whether it has`;
    alarms[idOf(database, `${capitalize(kind)}AgeAlarm`)] = ageAlarm('BackupAgeSeconds', database, kind, alerts.backupAge, sentence);
  }
  if (!schedules.drill) return alarms;
  for (const kind of new Set(drill.kinds)) {
    const sentence = `No ${WORDS[kind]} of ${database} was proven to restore for ${hours(alerts.provenAge)}, or nothing says whether one was`;
    alarms[idOf(database, `${capitalize(kind)}ProvenAlarm`)] = ageAlarm('ProvenAgeSeconds', database, kind, alerts.provenAge, sentence);
  }
  return alarms;
}

/** The names are those of src/cloud/metric.ts. An age is measured every hour; two hours without are too many. */
function ageAlarm(MetricName, database, kind, seconds, sentence) {
  const what = MetricName === 'BackupAgeSeconds' ? 'backup-age' : 'proven-age';
  return alarm(`${what}-${kind}-${database}`, sentence, {
    Namespace: 'pgproof',
    MetricName,
    Dimensions: [
      { Name: 'Database', Value: database },
      { Name: 'Kind', Value: kind },
    ],
    Statistic: 'Maximum',
    Period: HOUR,
    EvaluationPeriods: 2,
    DatapointsToAlarm: 2,
    Threshold: seconds,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'breaching',
  });
}

const ENDINGS = { Failed: 'failed, was not proven, or left something behind', TimedOut: 'ran out of time', Aborted: 'was stopped' };

function machineAlarms() {
  const Dimensions = [{ Name: 'StateMachineArn', Value: ref('RestoreDrill') }];
  return Object.fromEntries(
    Object.entries(ENDINGS).map(([ending, words]) => [
      `Drill${ending}Alarm`,
      alarm(`drill-${ending.toLowerCase()}`, `A restore drill ${words}`, counting({ Namespace: 'AWS/States', MetricName: `Executions${ending}`, Dimensions })),
    ]),
  );
}

function functionAlarm(logicalId, name) {
  const Dimensions = [{ Name: 'FunctionName', Value: ref(logicalId) }];
  return alarm(`function-${name}`, `The function ${name} failed; its log says why`, counting({ Namespace: 'AWS/Lambda', MetricName: 'Errors', Dimensions }));
}

/** Every queue in the template holds what could not be delivered or done; a test compares. */
function queues(databases) {
  const scheduled = Object.values(databases).some(({ schedules }) => Object.values(schedules).some(Boolean));
  return ['UndeliveredQueue', ...(scheduled ? ['UndeliveredScheduleQueue'] : [])];
}

function queueAlarm(queue) {
  const metric = {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queue, 'QueueName'] } }],
  };
  return alarm(`queue-${queue}`, `Something that should have begun did not: read the messages in the queue ${queue}`, { ...counting(metric), Statistic: 'Maximum' });
}

/** One is too many; when nothing ran there is nothing to count. */
function counting(metric) {
  return {
    ...metric,
    Statistic: 'Sum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
  };
}

/** Named, because the name is the headline of what people get. */
function alarm(name, AlarmDescription, properties) {
  const Properties = { AlarmName: `${PREFIX}-${name}`, AlarmDescription, ...properties, AlarmActions: ACTIONS, OKActions: ACTIONS };
  return { Type: 'AWS::CloudWatch::Alarm', Properties };
}

function hours(seconds) {
  return seconds % (24 * HOUR) === 0 ? `${seconds / (24 * HOUR)} days` : `${Math.round(seconds / HOUR)} hours`;
}
