/** One server with a queue before it: each operation takes it for as long as it says, one after the other. */
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';

const pause = new Int32Array(new SharedArrayBuffer(4));

export default definePlugin({
  name: 'single-server',
  simulators: [
    defineSimulator({
      name: 'single-server',
      description: 'One operation at a time, so long each: what it can do is known.',
      controls: [
        { kind: 'rate', unit: 'ops/s' },
        { kind: 'concurrency', unit: 'count' },
      ],
      operations: ['serve'],
      options: {
        type: 'object',
        properties: { serviceMs: { type: 'number', minimum: 1, maximum: 1000, default: 5 } },
      },
      metrics: {},
      start: ({ options }) => ({
        step: () => void Atomics.wait(pause, 0, 0, options.serviceMs),
        dispose: () => undefined,
      }),
    }),
  ],
});
