/**
 * An HTTP server under test: `test-server.js PORT [delay=MS] [leak=MIB_PER_S] [child] [escape] [deaf]`. What is asked
 * for decides what it does: /stall?ms=…, /hang, /die, /reset, /status; everything else is answered after the delay.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = '0', ...words] = process.argv.slice(2);
const option = (name: string): number =>
  Number(words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? 0);

const held: Buffer[] = [];
const leak = option('leak');
if (leak > 0) setInterval(() => held.push(Buffer.alloc((leak * 2 ** 20) / 20, 1)), 50);
// A child in the same group, and one in a group of its own, as a daemon would be.
const idle = ['-e', 'setInterval(() => undefined, 1000)'];
if (words.includes('child')) spawn(process.execPath, idle, { stdio: 'inherit' });
if (words.includes('escape')) spawn(process.execPath, idle, { stdio: 'inherit', detached: true }).unref();
if (words.includes('deaf')) process.on('SIGTERM', () => console.log('heard SIGTERM'));

let inFlight = 0;
let inFlightMax = 0;

const server = createServer((request, response) => {
  inFlightMax = Math.max(inFlightMax, ++inFlight);
  response.once('close', () => inFlight--);
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (url.pathname) {
    case '/stall': {
      response.end('stalling\n');
      const end = performance.now() + Number(url.searchParams.get('ms'));
      setImmediate(() => {
        while (performance.now() < end);
      });
      return;
    }
    case '/hang':
      return;
    case '/die':
      return process.exit(3);
    case '/reset':
      return void request.socket.destroy();
    case '/status':
      response.statusCode = 503;
      return void response.end('no\n');
    case '/in-flight':
      return void response.end(String(inFlightMax));
    default:
      void sleep(option('delay')).then(() => response.end('ok\n'));
  }
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' ? (address?.port ?? 0) : 0}`);
});
