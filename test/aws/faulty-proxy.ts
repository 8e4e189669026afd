import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

/** What the network does to one exchange. */
export type Fault =
  | 'none'
  /** The server gets the request and answers, the client never hears of it. */
  | 'lose the answer'
  /** The answer's body breaks off after so many bytes. */
  | { readonly breakAfter: number };

/** A proxy before a real server, for what only a network can do. `decide` sees each request and its number, from 1. */
export async function startProxy(target: string, decide: (request: IncomingMessage, count: number) => Fault) {
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    count += 1;
    forward(new URL(target), incoming, outgoing, decide(incoming, count));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => count,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward({ hostname, port }: URL, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault): void {
  const { method, url, headers } = incoming;
  const upstream = request({ hostname, port, method, path: url, headers }, (answer) => {
    if (fault === 'lose the answer') {
      answer.resume().on('end', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === 'none') {
      answer.pipe(outgoing);
      return;
    }
    let left = fault.breakAfter;
    answer.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      outgoing.write(piece, () => {
        if (left <= 0) outgoing.destroy();
      });
    });
    answer.on('end', () => outgoing.end());
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}
