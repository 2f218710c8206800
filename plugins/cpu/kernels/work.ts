/**
 * The work of one instance: the kernel that its options name, operation by operation, counted and checked. The loop in
 * `../index.ts` says when to do one, and what processor time that took; this file says what came of it.
 */
import type { ActorContext, MetricSpecs } from '../../../core/contract/index.js';
import { readCaches } from '../../../core/linux/caches.js';
import type { KernelName } from './index.js';
import { KERNEL_NAMES, KERNELS, openKernel } from './index.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';

export const KERNEL_OPTIONS = {
  kernel: {
    type: 'string',
    enum: KERNEL_NAMES,
    default: 'integer',
    description: 'What is computed.',
  },
} as const;

export const KERNEL_METRICS = {
  operations: {
    kind: 'counter',
    unit: 'count',
    better: 'higher',
    help: 'Pieces of work that were done and checked, by kernel; their rate is per second of the run.',
    tags: { kernel: KERNEL_NAMES },
  },
  'wrong-results': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Pieces of work whose result was not the known one: the processor or its memory computes wrongly. Fails the run.',
    tags: { kernel: KERNEL_NAMES },
    mustBeZero: true,
  },
  speed: {
    kind: 'gauge',
    unit: 'ops/s',
    better: 'higher',
    help: 'Pieces of work a second of processor time, all instances together: what the cores do while they work.',
  },
  flops: {
    kind: 'gauge',
    unit: 'flop/s',
    better: 'higher',
    help: 'Floating-point operations a second of processor time, all instances together (kernels that count them).',
  },
  bandwidth: {
    kind: 'gauge',
    unit: 'bytes/s',
    better: 'higher',
    help: 'Bytes read and written a second of processor time, all instances together (kernels that count them).',
  },
} as const satisfies MetricSpecs;

interface KernelOptions {
  readonly kernel: KernelName;
}
type Context = ActorContext<KernelOptions, typeof KERNEL_METRICS>;

/** Wrong results that are told in words; all are counted. */
const TOLD_MAX = 3;

export class Work {
  readonly #ctx: Context;
  readonly #input: KernelInput;
  readonly #name: KernelName;
  readonly #counters;
  #kernel: Kernel | null = null;
  #told = 0;
  #done = 0;
  #flops = 0;
  #bytes = 0;

  /** Ends the instance as unavailable where the kernel cannot be had. */
  constructor(ctx: Context) {
    const { instance, shared } = ctx;
    this.#ctx = ctx;
    this.#name = ctx.options.kernel;
    this.#input = { random: () => ctx.random(), instance, shared, caches: readCaches() };
    const kind: KernelKind = KERNELS[this.#name];
    const reason = kind.absent?.(this.#input) ?? null;
    if (reason !== null) ctx.unavailable(`kernel "${this.#name}": ${reason}`);
    const tags = { kernel: this.#name };
    this.#counters = {
      operations: ctx.metrics.operations.with(tags),
      wrong: ctx.metrics['wrong-results'].with(tags),
    };
  }

  /** One operation, counted and checked. */
  operate(): void {
    const kernel = (this.#kernel ??= openKernel(this.#name, this.#input));
    const isRight = kernel.operate();
    this.#counters.operations.add(1);
    this.#done++;
    this.#flops += kernel.flopsPerOperation ?? 0;
    this.#bytes += kernel.bytesPerOperation ?? 0;
    if (!isRight) this.#wrong();
  }

  /** The thread used so much processor time since the last call: what it did in it goes to the gauges. */
  tell(busyNs: number): void {
    if (busyNs <= 0) return;
    const { speed, flops, bandwidth } = this.#ctx.metrics;
    const perSecond = 1e9 / busyNs;
    speed.set(this.#done > 0 ? this.#done * perSecond : NaN);
    if (this.#flops > 0) flops.set(this.#flops * perSecond);
    if (this.#bytes > 0) bandwidth.set(this.#bytes * perSecond);
    this.#done = this.#flops = this.#bytes = 0;
  }

  /** Nothing is asked for now: what the kernel holds is given back, and taken again with the next operation. */
  rest(): void {
    const { speed, flops, bandwidth } = this.#ctx.metrics;
    for (const gauge of [speed, flops, bandwidth]) gauge.set(NaN);
    this.#kernel?.dispose();
    this.#kernel = null;
  }

  #wrong(): void {
    this.#counters.wrong.add(1);
    if (this.#told++ >= TOLD_MAX) return;
    this.#ctx.log(
      'warn',
      `kernel "${this.#name}" gave a wrong result: the processor or its memory computes wrongly`,
    );
  }
}
