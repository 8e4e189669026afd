/** Reads a part of the template that is YAML, with CloudFormation's short forms written out. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

const customTags = [
  { tag: '!Ref', resolve: (name) => ({ Ref: name }) },
  { tag: '!Sub', resolve: (text) => ({ 'Fn::Sub': text }) },
  { tag: '!GetAtt', resolve: (path) => ({ 'Fn::GetAtt': path.split('.') }) },
];

module.exports = (file) => parse(readFileSync(join(__dirname, file), 'utf8'), { customTags });
