/** The state machine as CloudFormation takes it: the very text of the file that the laptop runs. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

module.exports = () => readFileSync(join(__dirname, '../functions/restore-drill/restore-drill.asl.json'), 'utf8');
