/**
 * Kernel `false-sharing`: instances that have nothing to do with one another count in words that lie in one cache line,
 * which goes back and forth between their cores. Listed in `index.ts`.
 */
import { must } from '../../../core/base/assert.js';
import type { KernelKind } from './kernel.js';

/** Sixteen instances to a line of 64 bytes, and as many lines as instances need. */
const WORD_BYTES = 4;
/** Room for all instances that a plan may have. */
const SHARED_BYTES = 4096;
const COUNTS = 1024;

export const falseSharing: KernelKind = {
  help: 'Counts in words of one cache line, each instance in its own: the line goes from core to core.',
  instancesMin: 2,
  sharedBytes: SHARED_BYTES,
  open({ instance, shared }) {
    const words = new Int32Array(must(shared, 'memory of all instances'), 0, SHARED_BYTES / WORD_BYTES);
    const { index } = instance;
    return {
      operate() {
        const before = Atomics.load(words, index);
        for (let i = 0; i < COUNTS; i++) Atomics.add(words, index, 1);
        return Atomics.load(words, index) === ((before + COUNTS) | 0);
      },
    };
  },
};
