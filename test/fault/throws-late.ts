/** Forgets a promise, which rejects while nobody looks. */
import { faultPlugin, nothing, untilStopped, wait } from './fault.js';

export default faultPlugin({
  name: 'throws-late',
  start(ctx) {
    void wait(600).then(() => {
      throw new Error('the connection went away');
    });
    return { run: () => untilStopped(ctx), dispose: nothing };
  },
});
