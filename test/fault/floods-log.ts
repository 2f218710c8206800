/** Says a hundred thousand things at once. */
import { faultPlugin, nothing, untilStopped } from './fault.js';

export default faultPlugin({
  name: 'floods-log',
  start: (ctx) => ({
    async run() {
      for (let n = 0; n < 100_000; n++) ctx.log('warn', `flood ${n} ${'x'.repeat(100)}`);
      await untilStopped(ctx);
    },
    dispose: nothing,
  }),
});
