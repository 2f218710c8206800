/** Probe `tcp`: connects to an address and closes again. Says whether somebody accepts, not whether he answers. */
import { connect } from 'node:net';
import { defineProbe } from '../../core/contract/index.js';
import { counted, FAILURES } from './failures.js';

export const tcp = defineProbe({
  name: 'tcp',
  description: 'Connects to an address and times how long that takes.',
  options: {
    type: 'object',
    properties: {
      address: {
        type: 'string',
        pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[^:\\s/]+):\\d{1,5}$',
        description: 'Host and port: "127.0.0.1:7007", "[::1]:7007".',
      },
      timeout: { type: 'string', format: 'duration', default: '5s', description: 'Longer is a failure.' },
    },
    required: ['address'],
  },
  metrics: FAILURES,
  defaultEvery: '1s',
  timeoutMs: ({ timeout }) => timeout,
  open({ options, metrics }) {
    const [host, port] = parseAddress(options.address);
    return { sample: (_dueNs, signal) => counted(metrics, signal, () => touch(host, port, signal)) };
  },
});

function parseAddress(address: string): readonly [string, number] {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (!(port >= 1 && port <= 65_535)) throw new Error(`"${address}" has no port from 1 to 65535`);
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), port];
}

function touch(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
