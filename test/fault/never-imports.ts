/** Its import never settles. */
import { faultPlugin, nothing } from './fault.js';

await new Promise(nothing);

export default faultPlugin({ name: 'never-imports', start: () => ({ run: nothing, dispose: nothing }) });
