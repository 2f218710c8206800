/** Prints a hundred thousand lines as fast as it can. */
import { faultPlugin, nothing, untilStopped, wait } from './fault.js';

export default faultPlugin({
  name: 'floods-output',
  start: (ctx) => ({
    async run() {
      for (let n = 0; n < 100_000 && !ctx.stopped(); n++) {
        console.log(`flood ${n} ${'x'.repeat(100)}`);
        if (n % 1000 === 999) await wait(1); // what a thread prints leaves it when its event loop turns
      }
      await untilStopped(ctx);
    },
    dispose: nothing,
  }),
});
