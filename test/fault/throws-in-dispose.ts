/** Works well and cannot let go. */
import { faultPlugin, untilStopped } from './fault.js';

export default faultPlugin({
  name: 'throws-in-dispose',
  start: (ctx) => ({
    run: () => untilStopped(ctx),
    dispose() {
      throw new Error('the file is still open');
    },
  }),
});
