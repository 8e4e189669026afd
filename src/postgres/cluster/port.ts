import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago; whoever uses it must expect to lose the race. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      server.close(() => (port === undefined ? reject(new Error('no port was given')) : resolve(port)));
    });
  });
}
