/** Sends bytes to a TCP server and waits until they are back. Measures nothing: the core times its operations. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { definePlugin, defineSimulator, OperationError } from '../../../core/contract/index.js';

const BYTES = 8;

/** One connection, on which replies come back in the order of the requests. */
class Line {
  readonly #socket: Socket;
  readonly #waiting: (() => void)[] = [];
  #received = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      for (this.#received += bytes.length; this.#received >= BYTES; this.#received -= BYTES)
        this.#waiting.shift()?.();
    });
  }

  roundTrip(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cut = (): void => reject(new OperationError('aborted'));
      signal.addEventListener('abort', cut, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener('abort', cut);
        resolve();
      });
      this.#socket.write(Buffer.alloc(BYTES, 'x'));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

const lineEcho = defineSimulator({
  name: 'line-echo',
  description: 'Sends eight bytes, waits for eight bytes.',
  controls: [
    { kind: 'rate', unit: 'ops/s', defaultPeak: '100/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['echo'],
  options: {
    type: 'object',
    properties: {
      port: { type: 'integer', minimum: 1, maximum: 65_535, default: 7007, description: 'Where it listens.' },
      connections: {
        type: 'integer',
        minimum: 1,
        maximum: 64,
        default: 4,
        description: 'For each instance.',
      },
    },
  },
  metrics: {},
  async start(ctx) {
    const lines = await Promise.all(
      Array.from({ length: ctx.options.connections }, async () => {
        const socket = connect({ port: ctx.options.port, host: '127.0.0.1', noDelay: true });
        await once(socket, 'connect').catch(() => ctx.unavailable(`no server at port ${ctx.options.port}`));
        return new Line(socket);
      }),
    );
    return {
      async stepAsync({ sequence, signal }) {
        await lines[sequence % lines.length]?.roundTrip(signal);
        return { bytes: BYTES };
      },
      dispose: () => lines.forEach((line) => line.close()),
    };
  },
});

export default definePlugin({ name: 'line-echo', simulators: [lineEcho] });
