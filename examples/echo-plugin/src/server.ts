/** A server that says everything back: `node dist/server.js 7007`. Ends with SIGTERM or Ctrl-C. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy()); // a client that went away is no reason to end
  socket.pipe(socket);
});

server.listen(Number(process.argv[2] ?? 7007), '127.0.0.1', () => {
  console.log(`echo server at 127.0.0.1:${(server.address() as AddressInfo).port}`);
});
