/** Never yields and never looks at anything. */
import { faultPlugin, nothing } from './fault.js';

export default faultPlugin({
  name: 'spins',
  quietMs: 500,
  start: () => ({
    run() {
      for (let x = 0; ; x = (x + 1) | 0) if (x === -1) Math.imul(x, x);
    },
    dispose: nothing,
  }),
});
