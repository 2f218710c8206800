/** Its operations never settle, whatever their signal says. */
import { faultPlugin, nothing } from './fault.js';

export default faultPlugin({
  name: 'never-settles',
  operations: ['wait'],
  quietMs: 500,
  start: () => ({ stepAsync: () => new Promise<void>(nothing), dispose: nothing }),
});
