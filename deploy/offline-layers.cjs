/**
 * `serverless package` asks AWS whether a layer has changed, and so would need an account for no more than saving an
 * upload. `serverless deploy` still asks.
 */
module.exports = class OfflineLayers {
  constructor(serverless) {
    this.hooks = {
      'before:package:compileLayers': () => {
        if (serverless.processedInput.commands[0] !== 'package') return;
        const compiler = serverless.pluginManager.plugins.find((plugin) => typeof plugin.compareWithLastLayer === 'function');
        if (!compiler) throw new Error('osls no longer compares layers: remove deploy/offline-layers.cjs');
        compiler.compareWithLastLayer = async () => undefined;
      },
    };
  }
};
