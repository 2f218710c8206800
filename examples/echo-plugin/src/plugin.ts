/**
 * A simulator that loads an echo server: each operation sends a message over TCP and waits until it came back. brunt
 * says when, and times it; this file says only what.
 */
import { definePlugin, defineSimulator } from 'brunt/plugin';
import { Connections } from './connections.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
/** What one connection costs this process: the buffers of a socket, roughly. */
const CONNECTION_BYTES = 64 * 1024;

const echo = defineSimulator({
  name: 'echo',
  description: 'Sends messages to a TCP echo server and waits for each to come back.',
  controls: [
    { kind: 'rate', unit: 'ops/s', defaultPeak: '100/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['echo'],
  options: {
    type: 'object',
    properties: {
      host: { type: 'string', default: '127.0.0.1', description: 'Where the server is.' },
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 7007 },
      payload: {
        type: 'string',
        format: 'bytes',
        default: '64B',
        description: 'Size of a message, 4B or more.',
      },
      connections: {
        type: 'integer',
        minimum: 1,
        maximum: 32,
        default: 4,
        description: 'Of each instance; an operation waits for a free one.',
      },
      timeout: {
        type: 'string',
        format: 'duration',
        default: '1s',
        description: 'After it an operation has failed.',
      },
    },
  },
  metrics: {
    mismatches: {
      kind: 'counter',
      unit: 'count',
      better: 'lower',
      help: 'Replies that differ from what was sent.',
    },
    connects: {
      kind: 'counter',
      unit: 'count',
      help: 'Connections that were made, by why.',
      tags: { why: ['start', 'again'] },
    },
  },
  estimate: ({ options, instances }) => ({
    sockets: options.connections * instances,
    memoryBytes: options.connections * instances * (CONNECTION_BYTES + options.payload),
  }),

  async start(ctx) {
    const { host, port, payload, connections: count, timeout: timeoutMs } = ctx.options;
    if (payload < 4) ctx.unavailable(`a payload of ${payload} bytes has no room for the number of a message`);
    if (!LOOPBACK.includes(host)) ctx.log('warn', `${host} is not this machine: mind who else is there`);
    const made = ctx.metrics.connects;
    const connections = await Connections.open({
      host,
      port,
      count,
      timeoutMs,
      onConnect: (isFirst) => made.with({ why: isFirst ? 'start' : 'again' }).add(1),
    }).catch((error: unknown) => ctx.unavailable(`no echo server at ${host}:${port}: ${String(error)}`));

    return {
      async stepAsync({ sequence }) {
        const message = Buffer.alloc(payload, 0x61);
        message.writeUInt32LE(sequence % 2 ** 32);
        const reply = await connections.exchange(message);
        if (!reply.equals(message)) ctx.metrics.mismatches.add(1);
        return { bytes: payload };
      },
      dispose: () => connections.close(),
    };
  },
});

export default definePlugin({ name: 'echo', simulators: [echo] });
