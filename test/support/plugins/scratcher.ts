/** Makes a scratch directory with a file in it, then works until it is stopped. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlugin, defineSimulator } from '../../../core/contract/plugin.js';

const scratcher = defineSimulator({
  name: 'scratcher',
  description: 'Leaves something to be cleaned up.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: { turns: { kind: 'counter', unit: 'count', help: 'Turns of its loop' } },
  async start(ctx) {
    const folder = await ctx.scratch();
    writeFileSync(join(folder, 'left-over.txt'), 'x'.repeat(4096));
    return {
      run() {
        while (!ctx.stopped()) {
          ctx.metrics.turns.add(1);
          ctx.park(50);
        }
      },
      dispose() {},
    };
  },
});

export default definePlugin({ name: 'scratcher', simulators: [scratcher] });
