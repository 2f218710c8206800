/**
 * A TCP server on loopback that gives back every byte, and once stands still as a whole. Arguments: milliseconds from
 * the first bytes until it stalls (below 0: it never answers at all), and for how long. Prints its port; ends with its
 * standard input.
 */
import { createServer } from 'node:net';

const [afterMs = 1500, stallMs = 1000] = process.argv.slice(2).map(Number);
let timer: NodeJS.Timeout | null = null;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy()); // the client went away in the middle: that is its right
  socket.on('data', (bytes) => {
    if (afterMs < 0) return;
    timer ??= setTimeout(stall, afterMs);
    socket.write(bytes);
  });
});

function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : '');
});
process.stdin.resume().on('end', () => process.exit(0));
