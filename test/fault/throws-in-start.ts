/** Cannot start. */
import { faultPlugin } from './fault.js';

export default faultPlugin({
  name: 'throws-in-start',
  start() {
    throw new TypeError('the table is not there');
  },
});
