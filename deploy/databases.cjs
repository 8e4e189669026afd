/** Everything that is there once for each database of pgproof.yml. */
const configuration = require('./configuration.cjs');
const doors = require('./databases/doors.cjs');
const schedules = require('./databases/schedules.cjs');
const sourceTask = require('./databases/source-task.cjs');

module.exports = () => {
  const { databases, encoded } = configuration();
  const resources = { ...doors(databases), ...schedules.shared(databases) };
  for (const [name, database] of Object.entries(databases)) {
    Object.assign(resources, sourceTask(name, database, encoded.ofSources[name]), schedules(name, database));
  }
  return { Resources: resources };
};
