/** A simulator on the storage engines for the tests of their loop: reads, or writes with a linked sync. */
import { closeSync, openSync } from 'node:fs';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';
import { drive } from '../../../plugins/storage/drive.js';
import { OP, SLOT } from '../../../plugins/storage/engines/engine.js';
import { ENGINES, openEngine } from '../../../plugins/storage/engines/open.js';

export const DRIVING_OPERATIONS = ['read', 'durable'] as const;
const SLOTS = 64;

const driving = defineSimulator({
  name: 'driving',
  description: 'Reads blocks one after the other.',
  controls: [
    { kind: 'concurrency', unit: 'count' },
    { kind: 'rate', unit: 'ops/s' },
  ],
  operations: DRIVING_OPERATIONS,
  options: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'What is read.' },
      blockBytes: { type: 'integer', description: 'Of each operation.' },
      engine: { type: 'string', enum: ENGINES, description: 'Which engine.' },
      links: { type: 'boolean', description: 'Writes, each with a sync linked to it.' },
      most: { type: 'integer', description: 'Done after so many operations; 0: never.' },
      beyond: { type: 'integer', description: 'Where reads begin.' },
    },
    required: ['path', 'blockBytes', 'engine', 'links', 'most', 'beyond'],
  },
  metrics: {},
  start(ctx) {
    const { path, blockBytes, engine: asked, links, most, beyond } = ctx.options;
    const fd = openSync(path, 'r+');
    const options = { depth: SLOTS, slotBytes: blockBytes, operations: ['read', 'write', 'fsync'] as const };
    const { engine } = openEngine({ engine: asked, ...options });
    const { slots } = engine;
    slots.file.fill(engine.attach(fd));
    slots.kind.fill(links ? 1 : 0);
    let filled = 0;
    let isSync = false;
    return {
      run: () =>
        drive({
          ctx,
          engine,
          operations: DRIVING_OPERATIONS,
          work: {
            links: links ? 1 : 0,
            fill(slot) {
              slots.op[slot] = links ? (isSync ? OP.fsync : OP.write) : OP.read;
              slots.flags[slot] = links && !isSync ? SLOT.link : 0;
              slots.offset[slot] = beyond + (beyond === 0 ? (filled % 16) * blockBytes : 0);
              isSync = links && !isSync;
              filled++;
            },
            ...(most > 0 && { left: () => most - filled }),
          },
        }),
      async dispose() {
        await engine.close();
        closeSync(fd);
      },
    };
  },
});

export default definePlugin({ name: 'driving', simulators: [driving] });
