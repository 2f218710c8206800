/**
 * Probe `timer`: does nothing when it is its turn, so that `probe.latency` is how late the machine let it have it:
 * what an ordinary thread that wakes for work waits for a processor.
 */
import { defineProbe } from '../../core/contract/index.js';

export const timer = defineProbe({
  name: 'timer',
  description: 'Wakes up and does nothing: its latency is how late this machine wakes a thread.',
  options: { type: 'object', properties: {} },
  metrics: {},
  defaultEvery: '50ms',
  open: () => ({ sample: () => undefined }),
});
