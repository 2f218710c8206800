/** Cannot be imported anywhere. */
import type { Plugin } from '../../core/contract/index.js';

throw new Error('no licence file');

export default undefined as unknown as Plugin;
