/** Forgets a promise, which rejects while nobody looks. */
import { faultPlugin, nothing, untilStopped, wait } from './fault.js';

export default faultPlugin({
  name: 'throws-late',
  start: (ctx) => ({
    run() {
      void wait(300).then(() => {
        throw new Error('the connection went away');
      });
      return untilStopped(ctx);
    },
    dispose: nothing,
  }),
});
