/** Works well and reports what is no number. */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';

const faulty = defineSimulator({
  name: 'faulty',
  description: 'Reports NaN everywhere.',
  controls: [{ kind: 'amount', unit: 'count' }],
  options: { type: 'object', properties: {} },
  metrics: {
    value: { kind: 'gauge', unit: 'count', help: 'Of nothing.' },
    time: { kind: 'trend', unit: 'ns', help: 'Of nothing.' },
    sum: { kind: 'counter', unit: 'count', help: 'Of nothing.' },
  },
  start: (ctx) => ({
    adjust(amount) {
      ctx.metrics.value.set(Infinity);
      ctx.metrics.time.record(NaN);
      ctx.metrics.sum.add(NaN);
      ctx.achieved(NaN);
      ctx.achieved(amount);
    },
    dispose: () => undefined,
  }),
});

export default definePlugin({ name: 'reports-nan', simulators: [faulty] });
