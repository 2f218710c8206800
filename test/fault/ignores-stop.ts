/** Works well, and goes on when it is asked to stop. */
import { faultPlugin, nothing, wait } from './fault.js';

export default faultPlugin({
  name: 'ignores-stop',
  start: (ctx) => ({
    async run() {
      for (;;) {
        ctx.beat();
        await wait(10);
      }
    },
    dispose: nothing,
  }),
});
