/** Keeps objects until its heap is full: the thread dies of it. */
import { faultPlugin, nothing } from './fault.js';

export default faultPlugin({
  name: 'allocates-objects',
  quietMs: 45_000,
  start: () => ({
    run() {
      const kept: unknown[] = [];
      for (;;) kept.push(new Array(5000).fill(kept.length));
    },
    dispose: nothing,
  }),
});
