/** Ends the process that imports it, and calls it a success. */
import { faultPlugin, nothing } from './fault.js';

process.exit(0);

export default faultPlugin({ name: 'exits-at-import', start: () => ({ run: nothing, dispose: nothing }) });
