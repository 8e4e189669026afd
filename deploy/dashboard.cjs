/** One page that answers: how old is the newest backup, when was one proven last, how long does a restore take. */
const configuration = require('./configuration.cjs');
const { PREFIX, sub } = require('./names.cjs');

const WIDTH = 12;
const HEIGHT = 6;

module.exports = () => {
  const { databases } = configuration();
  const kinds = Object.entries(databases).flatMap(([database, { schedules, drill }]) => ({
    database,
    backups: ['dump', 'snapshot'].filter((kind) => schedules[kind]),
    drills: schedules.drill ? [...new Set(drill.kinds)] : [],
  }));
  const perBackup = (name) => kinds.flatMap(({ database, backups }) => backups.map((kind) => ours(name, database, kind)));
  const perDrill = (name) => kinds.flatMap(({ database, drills }) => drills.map((kind) => ours(name, database, kind)));
  const charts = [
    chart('Age of the newest valid backup, seconds', perBackup('BackupAgeSeconds'), 'Maximum'),
    chart('Time since the last PROVEN, seconds', perDrill('ProvenAgeSeconds'), 'Maximum'),
    chart('Time from the decision to restore to an answering copy, seconds', perDrill('RestoreSeconds'), 'Maximum'),
    chart('Verdicts', ['DrillProven', 'DrillFailed', 'DrillNotProven'].flatMap(perDrill), 'Sum'),
    chart('Drills', ['Started', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'].map(ofMachine), 'Sum'),
    chart('Undelivered', queues(kinds).map((queue) => ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', `\${${queue}.QueueName}`]), 'Maximum'),
  ];
  const widgets = charts.filter(({ properties }) => properties.metrics.length > 0).map(place);
  return {
    Resources: {
      Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardName: PREFIX, DashboardBody: sub(JSON.stringify({ widgets })) } },
    },
  };
};

const ours = (name, database, kind) => ['pgproof', name, 'Database', database, 'Kind', kind];
const ofMachine = (ending) => ['AWS/States', `Executions${ending}`, 'StateMachineArn', '${RestoreDrill}'];

function queues(kinds) {
  const scheduled = kinds.some(({ backups, drills }) => backups.length + drills.length > 0);
  return ['UndeliveredQueue', ...(scheduled ? ['UndeliveredScheduleQueue'] : [])];
}

function chart(title, metrics, stat) {
  return { type: 'metric', properties: { title, metrics, stat, period: 3600, view: 'timeSeries', region: '${AWS::Region}' } };
}

function place(widget, index) {
  return { ...widget, width: WIDTH, height: HEIGHT, x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT };
}
