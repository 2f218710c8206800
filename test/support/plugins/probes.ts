/** Probes that behave badly, one fault each, and one with a metric of its own. */
import { definePlugin, defineProbe, OperationError } from '../../../core/contract/index.js';

const none = { options: { type: 'object', properties: {} }, metrics: {}, defaultEvery: '50ms' } as const;

const spins = defineProbe({
  ...none,
  name: 'spins',
  description: 'Never gives the thread back.',
  open: () => ({
    sample: () => {
      for (;;);
    },
  }),
});

const deaf = defineProbe({
  ...none,
  name: 'deaf',
  description: 'Does not hear its AbortSignal.',
  timeoutMs: () => 100,
  open: (ctx) => {
    let running = 0;
    return {
      sample: async () => {
        if (++running > 1) ctx.log('warn', 'two at a time');
        await new Promise((resolve) => setTimeout(resolve, 400));
        running--;
      },
    };
  },
});

const unopened = defineProbe({
  ...none,
  name: 'unopened',
  description: 'Cannot be opened.',
  open: () => {
    throw new Error('no such device');
  },
});

const exits = defineProbe({
  ...none,
  name: 'exits',
  description: 'Ends the thread it runs on.',
  open: () => ({ sample: () => process.exit(0) }),
});

const chatty = defineProbe({
  ...none,
  name: 'chatty',
  description: 'Logs without end, fails every other time, and prints.',
  metrics: { depth: { kind: 'gauge', unit: 'count', help: 'How often it was taken.' } },
  open: (ctx) => {
    let taken = 0;
    return {
      sample: () => {
        ctx.metrics.depth.set(++taken);
        for (let i = 0; i < 100; i++) ctx.log('info', `line ${i}`);
        if (taken === 1) console.log('printed by a probe');
        if (taken % 2 === 0) throw new OperationError('even');
      },
    };
  },
});

export default definePlugin({ name: 'bad-probes', probes: [spins, deaf, unopened, exits, chatty] });
