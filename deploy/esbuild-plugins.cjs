/** zod brings its messages in fifty languages, 300 kB of them; ours are English. */
module.exports = [
  {
    name: 'english-only',
    setup(build) {
      build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js';",
        loader: 'js',
      }));
    },
  },
];
