/** Takes memory and descriptors that nobody granted. */
import { closeSync, openSync } from 'node:fs';
import { faultPlugin, untilStopped } from './fault.js';

const BYTES = 160 * 2 ** 20;
const FILES = 200;

export default faultPlugin({
  name: 'takes-without-lease',
  start(ctx) {
    const taken = Buffer.alloc(BYTES, 1);
    const files = Array.from({ length: FILES }, () => openSync(import.meta.filename, 'r'));
    return {
      run: () => untilStopped(ctx),
      dispose() {
        taken.fill(0);
        for (const file of files) closeSync(file);
      },
    };
  },
});
