/** Imports well where it is planned, and not where it is to work. */
import { isMainThread } from 'node:worker_threads';
import { faultPlugin, nothing, untilStopped } from './fault.js';

if (!isMainThread) throw new Error('no licence for threads');

export default faultPlugin({
  name: 'throws-at-import-on-thread',
  start: (ctx) => ({ run: () => untilStopped(ctx), dispose: nothing }),
});
