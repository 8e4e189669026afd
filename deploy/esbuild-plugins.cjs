const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { parse } = require('yaml');

/** serverless-esbuild packs what lies here into the zip of every function. */
const BUILD = join('.esbuild', '.build');

module.exports = [
  {
    /** zod brings its messages in fifty languages, 300 kB of them; ours are English. */
    name: 'english-only',
    setup(build) {
      build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js';",
        loader: 'js',
      }));
    },
  },
  {
    /** pgproof.yml as JSON: a parser of YAML would be a third of most functions. */
    name: 'packaged-configuration',
    setup(build) {
      build.onEnd(() => {
        const directory = resolve(build.initialOptions.absWorkingDir ?? process.cwd(), BUILD);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, 'pgproof.json'), JSON.stringify(parse(readFileSync('pgproof.yml', 'utf8')) ?? {}));
      });
    },
  },
];
