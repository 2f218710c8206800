/**
 * Plugin `memory`: holds memory, as much as is asked for at each moment, and does with it what its pattern says. Every
 * byte is leased before it is taken, so that no limit is overshot; it is written with what its address says and read
 * back before it goes; what is only held costs no processor time.
 */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { HostFacts } from '../../core/contract/index.js';
import { mapper } from '../../core/linux/mapping.js';
import { BufferRegion } from './buffer-region.js';
import { churn } from './churn.js';
import { Contents } from './contents.js';
import { gc, heap } from './engine-heap.js';
import { fragmentation } from './fragmentation.js';
import { hold, lock, shared } from './hold.js';
import type { Region } from './holding.js';
import { KernelRegion } from './kernel-region.js';
import { Loop } from './loop.js';
import { MEMORY_METRICS } from './metrics.js';
import type { MemoryOptions } from './options.js';
import { MEMORY_OPTIONS } from './options.js';
import { optionFaults } from './option-faults.js';
import { pageCache } from './page-cache.js';
import type { MemoryContext, Pattern, PatternInput, RegionWish } from './pattern.js';
import { vm } from './vm.js';
import { workingSet } from './working-set.js';

const MIB = 2 ** 20;
/** "available" leaves this much to everybody else, or this share of all memory if that is more. */
const RESERVE_BYTES = 512 * MIB;
const RESERVE_SHARE = 0.1;
/** Growth has no known end: address space is reserved by the GiB. */
const GROWTH_SPAN_BYTES = 2 ** 30;
/** So many mismatches are told one by one; all are counted. */
const TOLD_MAX = 8;

const bases = {
  available: ({ memory }: HostFacts): number =>
    Math.max(0, memory.availableBytes - Math.max(RESERVE_BYTES, RESERVE_SHARE * memory.totalBytes)),
  total: ({ memory }: HostFacts): number => memory.totalBytes,
};

const PATTERN_OF: Readonly<
  Record<MemoryOptions['pattern'], (input: PatternInput) => Pattern | Promise<Pattern>>
> = {
  hold,
  churn,
  fragmentation,
  'working-set': workingSet,
  'page-cache': pageCache,
  vm,
  lock,
  shared,
  heap,
  gc,
};
/** They keep a thread busy, unless a rate is asked for. */
const BUSY: readonly MemoryOptions['pattern'][] = ['working-set', 'page-cache', 'vm'];

const memory = defineSimulator({
  name: 'memory',
  description:
    'Holds memory, or takes more and more of it, and works on it in a pattern; every byte is leased first.',
  controls: [
    { kind: 'amount', unit: 'bytes', bases },
    { kind: 'growth', unit: 'bytes/s' },
  ],
  options: MEMORY_OPTIONS,
  metrics: MEMORY_METRICS,
  isolation: 'process',
  takes: 'memory',
  // Writing one piece under heavy reclaim or swapping takes seconds.
  quietMs: 10_000,
  check: ({ options }) => optionFaults(options),
  estimate: ({ options, control, peak, loadedMs, instances }) => {
    const bytes = control === 'growth' ? (peak * loadedMs) / 1000 : peak;
    const isBusy = BUSY.includes(options.pattern) && options.accessRate === undefined;
    return {
      memoryBytes: bytes,
      ...(options.pattern === 'page-cache' && { diskBytes: bytes }),
      ...(isBusy && { cores: instances }),
    };
  },
  async start(ctx) {
    let mismatches = 0;
    const contents = new Contents(
      () => ctx.random(),
      (page) => {
        ctx.metrics.mismatches.add(1);
        if (++mismatches <= TOLD_MAX)
          ctx.log('warn', `the page at 0x${(page * 4096).toString(16)} does not read as written`);
      },
    );
    const pattern = await PATTERN_OF[ctx.options.pattern]({
      ctx,
      contents,
      region: (wish) => openRegion(ctx, contents, wish),
    });
    return new Loop(ctx, pattern);
  },
});

/** What was had is told: never silently something else than was asked for. */
function openRegion(ctx: MemoryContext, contents: Contents, wish: RegionWish = {}): Region {
  const { pages } = ctx.options;
  const kernel = mapper();
  if (kernel === null) {
    if (pages === 'huge') ctx.unavailable('huge pages need Linux and the package koffi');
    if (wish.isShared === true) ctx.unavailable('shared memory needs Linux and the package koffi');
    ctx.log('info', `held in buffers of the engine: the kernel's interface is not to be had here`);
    return new BufferRegion(contents, wish.blockBytes);
  }
  const { isSmall = false, isLocked = false, isShared = false } = wish;
  const region = new KernelRegion({
    mapper: kernel,
    contents,
    expectedBytes: ctx.control === 'growth' ? GROWTH_SPAN_BYTES : ctx.peak,
    wantsHuge: pages !== 'small' && !isSmall,
    isLocked,
    isShared,
  });
  if (pages === 'huge' && region.means !== 'huge pages') {
    region.dispose();
    ctx.unavailable(
      'the kernel offers no transparent huge pages here (/sys/kernel/mm/transparent_hugepage/enabled)',
    );
  }
  ctx.log('info', `held in ${region.means}`);
  return region;
}

export default definePlugin({ name: 'memory', simulators: [memory] });
