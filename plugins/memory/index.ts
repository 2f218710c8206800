/**
 * Plugin `memory`: holds an amount of resident memory, or takes ever more of it. Every byte is leased before it is
 * taken, so that no limit is overshot; what is held costs no processor time.
 */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { HostFacts, Lease } from '../../core/contract/index.js';
import { PAGE_BYTES, Slabs } from './slabs.js';

const MIB = 2 ** 20;
/** Taken between two looks at the lease: some 30 to 90 ms of page faults. */
const PIECE_BYTES = 32 * MIB;
/** One call of adjust works so long; waiting for the lease is parked and not counted. */
const WORK_NS = 50e6;
/** "available" leaves this much to everybody else, or this share of all memory if that is more. */
const RESERVE_BYTES = 512 * MIB;
const RESERVE_SHARE = 0.1;

const bases = {
  available: ({ memory }: HostFacts): number =>
    Math.max(0, memory.availableBytes - Math.max(RESERVE_BYTES, RESERVE_SHARE * memory.totalBytes)),
  total: ({ memory }: HostFacts): number => memory.totalBytes,
};

const memory = defineSimulator({
  name: 'memory',
  description: 'Holds resident memory, or takes more and more of it; every byte is leased first.',
  controls: [
    { kind: 'amount', unit: 'bytes', bases },
    { kind: 'growth', unit: 'bytes/s' },
  ],
  options: { type: 'object', properties: {} },
  metrics: {
    touch: {
      kind: 'trend',
      unit: 'ns',
      better: 'lower',
      help: 'Time to make one MiB resident: reserving it and writing every page.',
    },
    taken: { kind: 'counter', unit: 'bytes', help: 'Bytes that were made resident.' },
    'given-back': { kind: 'counter', unit: 'bytes', help: 'Bytes that were given back to the system.' },
  },
  isolation: 'process',
  takes: 'memory',
  // Writing one piece under heavy reclaim or swapping takes seconds.
  quietMs: 10_000,
  estimate: ({ control, peak, loadedMs }) => ({
    memoryBytes: control === 'growth' ? (peak * loadedMs) / 1000 : peak,
  }),
  start(ctx) {
    const slabs = new Slabs(() => ctx.random());

    const grow = (targetBytes: number): void => {
      for (let workedNs = 0; slabs.heldBytes < targetBytes && workedNs < WORK_NS;) {
        const room = Math.min(PIECE_BYTES, ctx.lease.batchMax, slabs.room);
        const bytes = Math.min(targetBytes - slabs.heldBytes, room);
        if (!ctx.lease.wait(bytes)) return;
        const fromNs = ctx.nowNs();
        take(slabs, ctx.lease, bytes);
        const tookNs = ctx.nowNs() - fromNs;
        workedNs += tookNs;
        ctx.metrics.touch.record((tookNs * MIB) / bytes);
        ctx.metrics.taken.add(bytes);
        ctx.achieved(slabs.heldBytes);
      }
    };

    const shrink = (targetBytes: number): void => {
      while (slabs.heldBytes > targetBytes) {
        const given = slabs.shrink(slabs.heldBytes - targetBytes);
        ctx.lease.give(given);
        ctx.metrics['given-back'].add(given);
      }
      ctx.achieved(slabs.heldBytes);
    };

    return {
      adjust(amount) {
        const targetBytes = Math.floor(amount / PAGE_BYTES) * PAGE_BYTES;
        if (targetBytes > slabs.heldBytes) grow(targetBytes);
        else shrink(targetBytes);
      },
      release: () => shrink(0),
      dispose: () => shrink(0),
    };
  },
});

/** A claim on memory that the system then refuses is given back before the failure goes on. */
function take(slabs: Slabs, lease: Lease, bytes: number): void {
  const before = slabs.heldBytes;
  try {
    slabs.grow(bytes);
  } finally {
    lease.confirm(bytes);
    const refused = bytes - (slabs.heldBytes - before);
    if (refused > 0) lease.give(refused);
  }
}

export default definePlugin({ name: 'memory', simulators: [memory] });
