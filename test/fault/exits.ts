/** Ends the process from within, or so it thinks: it has a thread. */
import { faultPlugin, nothing, wait } from './fault.js';

export default faultPlugin({
  name: 'exits',
  start: () => ({
    async run() {
      await wait(300);
      process.exit(0);
    },
    dispose: nothing,
  }),
});
