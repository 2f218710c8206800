/** A simulator of your own: hashes blocks of memory, so many a second. Replace what step() does. */
import { createHash } from 'node:crypto';
import { definePlugin, defineSimulator } from 'brunt/plugin';

const hash = defineSimulator({
  name: 'hash',
  description: 'Hashes blocks of memory.',
  // The unit of an actor's "peak" picks one of these.
  controls: [
    { kind: 'rate', unit: 'ops/s', defaultPeak: '200/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['hash'],
  // What a scenario may say under "with"; unit strings arrive as numbers ("64KiB" as 65536).
  options: {
    type: 'object',
    properties: {
      block: { type: 'string', format: 'bytes', default: '64KiB', description: 'Size of one block.' },
    },
  },
  // Beside what brunt itself measures of every operation: op.count, op.latency, op.bytes, op.errors.
  metrics: {
    zeros: { kind: 'counter', unit: 'count', help: 'Digests that begin with a zero byte.' },
  },
  start(ctx) {
    const block = Buffer.alloc(ctx.options.block, 'brunt');
    return {
      // One operation. brunt calls it when it is due and measures how long it took.
      step(op) {
        block.writeUInt32LE(op.sequence % 2 ** 32);
        const digest = createHash('sha256').update(block).digest();
        if (digest[0] === 0) ctx.metrics.zeros.add(1);
        return { bytes: block.length };
      },
      dispose() {
        // Close here what start() opened.
      },
    };
  },
});

export default definePlugin({ name: 'hash', simulators: [hash] });
