/** Breaks after 300 ms of work. */
import { faultPlugin, nothing, wait } from './fault.js';

export default faultPlugin({
  name: 'throws-in-run',
  start: () => ({
    async run() {
      await wait(300);
      throw new RangeError('ran out of numbers');
    },
    dispose: nothing,
  }),
});
