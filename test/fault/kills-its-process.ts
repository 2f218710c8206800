/** Takes the whole process with it. */
import { faultPlugin, nothing, wait } from './fault.js';

export default faultPlugin({
  name: 'kills-its-process',
  start: () => ({
    async run() {
      await wait(1200);
      process.kill(process.pid, 'SIGKILL');
    },
    dispose: nothing,
  }),
});
