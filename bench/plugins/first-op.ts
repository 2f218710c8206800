/**
 * A plugin for `bench start`: operations of about a millisecond, the first of which says in the log of the run when it
 * began, by the monotonic clock of the machine. Loaded in an agent as any third-party plugin is.
 */
import { nowNs } from '../../core/base/clock.js';
import { definePlugin, defineSimulator } from '../../core/contract/index.js';

const OPERATION_MS = 1;

/** What the first operation logs begins with this; the instant follows, in nanoseconds. */
export const FIRST = 'first operation at ';

export default definePlugin({
  name: 'first-op',
  simulators: [
    defineSimulator({
      name: 'first-op',
      description: 'Says when its first operation began.',
      controls: [{ kind: 'concurrency', unit: 'count' }],
      operations: ['sleep'],
      options: { type: 'object', properties: {} },
      metrics: {},
      start(ctx) {
        let isFirst = true;
        return {
          async stepAsync() {
            if (isFirst) ctx.log('info', `${FIRST}${nowNs()}`);
            isFirst = false;
            await new Promise((resolve) => setTimeout(resolve, OPERATION_MS));
          },
          dispose: () => undefined,
        };
      },
    }),
  ],
});
