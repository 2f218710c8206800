/** Grows one array until the heap cannot hold the next copy: the process dies of it, whatever limit a thread has. */
import { faultPlugin, nothing } from './fault.js';

export default faultPlugin({
  name: 'allocates-array',
  quietMs: 45_000,
  start: () => ({
    run() {
      const kept: number[] = [];
      for (;;) kept.push(kept.length + 0.5);
    },
    dispose: nothing,
  }),
});
