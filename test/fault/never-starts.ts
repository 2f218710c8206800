/** Its start never settles. */
import type { ActorInstance } from '../../core/contract/index.js';
import { faultPlugin, nothing } from './fault.js';

export default faultPlugin({ name: 'never-starts', start: () => new Promise<ActorInstance>(nothing) });
