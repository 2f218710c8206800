/**
 * The work of one instance: the kernel that its options name, or several in turn, operation by operation, counted and
 * checked. The loop in `../index.ts` says when to do one and what processor time that took; this file says what came of it.
 */
import type { ActorContext, HostFacts, MetricSpecs, OptionFault } from '../../../core/contract/index.js';
import { readCaches } from '../../../core/linux/caches.js';
import type { KernelName } from './index.js';
import { KERNEL_NAMES, KERNELS, openKernel } from './index.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';
import { canDiscard, discard } from './wasm.js';

const SHARE = {
  type: 'number',
  minimum: 0,
  description: 'Its share of the time, beside the others’.',
} as const;

export const KERNEL_OPTIONS = {
  kernel: {
    type: 'string',
    enum: [...KERNEL_NAMES, 'mixed'] as readonly (KernelName | 'mixed')[],
    default: 'integer',
    description: 'What is computed; "mixed" takes several in turn.',
  },
  mix: {
    type: 'object',
    properties: Object.fromEntries(KERNEL_NAMES.map((name) => [name, SHARE])) as Record<
      KernelName,
      typeof SHARE
    >,
    description: 'For kernel "mixed": which, and how much time for each beside the others.',
  },
} as const;

export interface KernelOptions {
  readonly kernel: KernelName | 'mixed';
  readonly mix?: { readonly [K in KernelName]?: number };
}

/** Of "mixed" where the scenario does not say: something for every part of a core. */
const MIX: NonNullable<KernelOptions['mix']> = {
  integer: 1,
  double: 1,
  matrix: 1,
  sieve: 1,
  hash: 1,
  branch: 1,
  'chase-l2': 1,
  gc: 1,
};

export const KERNEL_METRICS = {
  operations: {
    kind: 'counter',
    unit: 'count',
    better: 'higher',
    help: 'Pieces of work of the actor’s kernel that were done and checked; their rate is per second of the run.',
  },
  'wrong-results': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Pieces of work whose result was not the known one: processor or memory are faulty. Fails the run.',
    mustBeZero: true,
  },
  speed: {
    kind: 'gauge',
    unit: 'ops/s',
    better: 'higher',
    help: 'Pieces of work a second of processor time, all instances together: what cores do while they work.',
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

type Context = ActorContext<KernelOptions, typeof KERNEL_METRICS>;

/** The kernels that these options name, and how the time is divided among them. */
export function sharesOf({ kernel, mix = MIX }: KernelOptions): readonly (readonly [KernelName, number])[] {
  if (kernel !== 'mixed') return [[kernel, 1]];
  return KERNEL_NAMES.flatMap((name) => ((mix[name] ?? 0) > 0 ? [[name, mix[name] ?? 0] as const] : []));
}

/** What cannot be had together. */
export function kernelFaults(options: KernelOptions, instances: number): readonly OptionFault[] {
  const { kernel, mix } = options;
  if (kernel !== 'mixed' && mix !== undefined)
    return [
      { path: ['mix'], message: `"mix" is for the kernel "mixed", and this is "${kernel}"`, seen: mix },
    ];
  const shares = sharesOf(options);
  if (shares.length === 0) return [{ path: ['mix'], message: '"mix" gives no kernel a share', seen: mix }];
  return shares.flatMap(([name]) => {
    const { instancesMin = 1 } = kindOf(name);
    if (instances >= instancesMin) return [];
    const message = `"${name}" takes ${instancesMin} instances at least, and there is ${instances}`;
    const path = kernel === 'mixed' ? ['mix', name] : ['kernel'];
    return [{ path, message, seen: name, hint: 'Write "instances": 2 or more.' }];
  });
}

/** Memory that all instances of the actor see. */
export function sharedBytesOf(options: KernelOptions): number {
  return Math.max(0, ...sharesOf(options).map(([name]) => kindOf(name).sharedBytes ?? 0));
}

/** Memory that all instances together compute in; 0 where that is next to nothing, or the caches are not known. */
export function memoryBytesOf(
  options: KernelOptions,
  caches: HostFacts['caches'],
  instances: number,
): number {
  const each = sharesOf(options).map(([name]) => kindOf(name).memoryBytes?.(caches, instances) ?? 0);
  return instances * each.reduce((sum, bytes) => sum + bytes, 0);
}

/** Whether memory has to be leased for it, on whatever host. */
export function takesMemory(options: KernelOptions): boolean {
  return sharesOf(options).some(([name]) => kindOf(name).memoryBytes !== undefined);
}

function kindOf(name: KernelName): KernelKind {
  return KERNELS[name];
}

/** Wrong results that are told in words; all are counted. */
const TOLD_MAX = 3;

/** One of the kernels that take turns. */
interface Turn {
  readonly name: KernelName;
  readonly share: number;
  readonly bytes: number;
  kernel: Kernel | null;
  /** Time it had, divided by its share: who has least is next. */
  hadNs: number;
}

export class Work {
  readonly #ctx: Context;
  readonly #input: KernelInput;
  readonly #turns: readonly Turn[];
  #told = 0;
  #done = 0;
  #flops = 0;
  #bytes = 0;

  /** Ends the instance as unavailable where a kernel cannot be had. */
  constructor(ctx: Context) {
    const { instance, shared, options } = ctx;
    this.#ctx = ctx;
    this.#input = { random: () => ctx.random(), instance, shared, caches: readCaches() };
    this.#turns = sharesOf(options).map(([name, share]) => this.#open(name, share));
  }

  #open(name: KernelName, share: number): Turn {
    const kind = kindOf(name);
    const { caches, instance } = this.#input;
    const reason = kind.absent?.(this.#input) ?? null;
    if (reason !== null) this.#ctx.unavailable(`kernel "${name}": ${reason}`);
    const bytes = kind.memoryBytes?.(caches, instance.count) ?? 0;
    return { name, share, bytes, kernel: null, hadNs: 0 };
  }

  /** One operation, counted and checked. Nothing is done when a stop or a release comes before its memory does. */
  operate(): void {
    const turn = this.#next();
    const kernel = turn.kernel ?? this.#begin(turn);
    if (kernel === null) return;
    const fromNs = this.#turns.length > 1 ? this.#ctx.nowNs() : 0;
    const isRight = kernel.operate();
    if (this.#turns.length > 1) turn.hadNs += (this.#ctx.nowNs() - fromNs) / turn.share;
    this.#ctx.metrics.operations.add(1);
    this.#done++;
    this.#flops += kernel.flopsPerOperation ?? 0;
    this.#bytes += kernel.bytesPerOperation ?? 0;
    if (!isRight) this.#wrong(turn.name);
  }

  /** The thread used so much processor time since the last call: what it did in it goes to the gauges. */
  tell(busyNs: number): void {
    if (busyNs <= 0 || this.#done === 0) return;
    const { speed, flops, bandwidth } = this.#ctx.metrics;
    const perSecond = 1e9 / busyNs;
    speed.set(this.#done * perSecond);
    if (this.#flops > 0) flops.set(this.#flops * perSecond);
    if (this.#bytes > 0) bandwidth.set(this.#bytes * perSecond);
    this.#done = this.#flops = this.#bytes = 0;
  }

  /** Nothing is asked for now: what kernels hold is given back, and taken again with the next operation. */
  rest(): void {
    const { speed, flops, bandwidth } = this.#ctx.metrics;
    for (const gauge of [speed, flops, bandwidth]) gauge.set(NaN);
    for (const turn of this.#turns) {
      // Memory that only the engine can free, when it gets round to it, is kept and not claimed to be free.
      if (turn.kernel === null || (turn.bytes > 0 && !canDiscard())) continue;
      this.#end(turn);
    }
  }

  /** For good. */
  dispose(): void {
    for (const turn of this.#turns) this.#end(turn);
  }

  #next(): Turn {
    return this.#turns.reduce((least, turn) => (turn.hadNs < least.hadNs ? turn : least));
  }

  /** Leases what the kernel computes in, whole or not at all. */
  #begin(turn: Turn): Kernel | null {
    const { lease } = this.#ctx;
    for (let claimed = 0; claimed < turn.bytes;) {
      const piece = Math.min(lease.batchMax, turn.bytes - claimed);
      if (!lease.wait(piece)) {
        if (claimed > 0) lease.confirm(claimed);
        if (claimed > 0) lease.give(claimed);
        return null;
      }
      claimed += piece;
    }
    turn.kernel = openKernel(turn.name, this.#input);
    if (turn.bytes > 0) lease.confirm(turn.bytes);
    return turn.kernel;
  }

  #end(turn: Turn): void {
    if (turn.kernel === null) return;
    if (turn.kernel.memory !== undefined) discard(turn.kernel.memory);
    turn.kernel = null;
    if (turn.bytes > 0) this.#ctx.lease.give(turn.bytes);
  }

  #wrong(name: KernelName): void {
    this.#ctx.metrics['wrong-results'].add(1);
    if (this.#told++ >= TOLD_MAX) return;
    this.#ctx.log('warn', `kernel "${name}" gave a wrong result: the processor or its memory is faulty`);
  }
}
