// One cold start: loads a bundle as Lambda's runtime would, and says how long that took. Plain JavaScript, so that no time
// goes into stripping types; a macrotask later everything that the bundle loads while it starts is there.
import { setImmediate } from 'node:timers/promises';

const began = performance.now();
const { handler } = await import(process.argv[2]);
await setImmediate();
const milliseconds = performance.now() - began;
if (typeof handler !== 'function') throw new Error(`${process.argv[2]} exports no handler`);
process.stdout.write(JSON.stringify({ milliseconds, megabytes: process.resourceUsage().maxRSS / 1024 }));
