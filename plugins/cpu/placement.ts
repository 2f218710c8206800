/**
 * Where and how urgently an instance's thread runs, as its options ask: processor, niceness, scheduling class. What the
 * kernel refuses, and what would leave the guard nothing to run on, is said as "unavailable" before any load. Called by
 * `index.ts`.
 */
import { getPriority, setPriority } from 'node:os';
import type { ActorContext, MetricSpecs, OptionFault } from '../../core/contract/index.js';
import { readText } from '../../core/linux/procfs.js';
import type { SchedClass, Scheduler } from '../../core/linux/sched.js';
import {
  EPERM,
  formatProcessors,
  LOAD_PRIORITY_MAX,
  parseProcessors,
  realTimeShare,
  scheduler,
} from '../../core/linux/sched.js';

export const PLACEMENT_OPTIONS = {
  affinity: {
    type: 'string',
    pattern: '^(all|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)$',
    description:
      'Pins each instance to one processor of this list ("0-3,6"; "all": of all there are), in turn. Without it the kernel moves threads as it likes.',
  },
  nice: {
    type: 'integer',
    minimum: -20,
    maximum: 19,
    description:
      'Niceness of the threads: lower wins against others. Below 0 needs CAP_SYS_NICE. Default: what the safety profile gives actors.',
  },
  sched: {
    type: 'string',
    pattern: `^(other|batch|idle|(fifo|rr)(:[1-9][0-9]?)?)$`,
    description: `Scheduling class of the threads: other (the default), batch, idle, or the real-time classes fifo and rr with a priority of 1 to ${LOAD_PRIORITY_MAX} ("fifo:10"; default 1). Real-time threads must leave a part of the processors to others.`,
  },
} as const;

interface PlacementOptions {
  readonly affinity?: string;
  readonly nice?: number;
  readonly sched?: string;
}

type PlacedContext = Pick<
  ActorContext<PlacementOptions, MetricSpecs>,
  'actor' | 'instance' | 'options' | 'peak' | 'log' | 'unavailable'
>;

export interface Placement {
  /** The one processor it is pinned to; null: wherever the kernel puts it. */
  readonly processor: number | null;
  /** Of each period this share of the time is left to others: real-time threads never make up for what they missed. */
  readonly leavesShare: number;
  /** Puts the thread back to where it was. */
  undo(): void;
}

/** What a real-time thread that is not asked for more leaves of its processor in each period. */
const LEFT_TO_OTHERS = 0.1;

/** True for the classes that run before everything ordinary. */
export function isRealTime(sched: string | undefined): boolean {
  return sched !== undefined && parseClass(sched).isRealTime;
}

/** What of the options contradicts itself; whether this host allows the rest is found out by trying. */
export function placementFaults({ affinity, nice, sched }: PlacementOptions): OptionFault[] {
  const faults: OptionFault[] = [];
  const wanted = parseClass(sched ?? 'other');
  if (affinity !== undefined && affinity !== 'all' && parseProcessors(affinity) === null) {
    faults.push({ path: ['affinity'], message: `"${affinity}" is no list of processors`, seen: affinity });
  }
  if (nice !== undefined && wanted.name !== 'other' && wanted.name !== 'batch') {
    const message = `niceness means nothing under the scheduling class "${wanted.name}"`;
    faults.push({ path: ['nice'], message, seen: nice, hint: 'Leave "nice" or "sched" out.' });
  }
  if (wanted.priority > LOAD_PRIORITY_MAX) {
    const message = `priority ${wanted.priority} would be above the safety guard's`;
    const hint = `At most ${LOAD_PRIORITY_MAX} for a load.`;
    faults.push({ path: ['sched'], message, seen: sched, hint });
  }
  return faults;
}

/** Applies the options to the calling thread, reads back from the kernel what came of it. */
export function place(ctx: PlacedContext): Placement {
  const { affinity, nice, sched } = ctx.options;
  if (affinity === undefined && nice === undefined && sched === undefined) return NOWHERE_SPECIAL;
  if (process.platform !== 'linux') ctx.unavailable('affinity, nice and sched are of Linux');
  const wanted = parseClass(sched ?? 'other');
  const niceBefore = getPriority(0);
  if (nice !== undefined) setNice(ctx, nice);
  if (affinity === undefined && sched === undefined)
    return { ...NOWHERE_SPECIAL, undo: () => tryNice(niceBefore) };
  const s = scheduler();
  if (s === null)
    return ctx.unavailable('affinity and sched need the optional package koffi on 64-bit Linux');
  const before = { processors: s.ownProcessors(), own: s.ownClass() };
  const pinned = affinity === undefined ? null : processorsOf(ctx, affinity, before.processors);
  const leavesShare = wanted.isRealTime ? checkRealTime(ctx) : 0;
  const processor = pinned?.[ctx.instance.index % pinned.length] ?? null;
  if (processor !== null) pin(ctx, s, processor);
  if (sched !== undefined) setClass(ctx, s, wanted);
  return {
    processor,
    leavesShare,
    undo() {
      if (sched !== undefined) s.setClass(before.own?.name ?? 'other', before.own?.priority ?? 0);
      if (processor !== null) s.setProcessors(before.processors);
      tryNice(niceBefore);
    },
  };
}

const NOWHERE_SPECIAL: Placement = { processor: null, leavesShare: 0, undo: () => undefined };

interface WantedClass {
  readonly name: SchedClass;
  readonly priority: number;
  readonly isRealTime: boolean;
}

/** Of a text that the pattern of the option lets through. */
function parseClass(text: string): WantedClass {
  const [name, priority] = text.split(':') as [SchedClass, string | undefined];
  const isRealTime = name === 'fifo' || name === 'rr';
  return { name, priority: isRealTime ? Number(priority ?? 1) : 0, isRealTime };
}

function setNice(ctx: PlacedContext, nice: number): void {
  try {
    // On Linux of the calling thread only.
    setPriority(0, nice);
  } catch {
    // EACCES, EPERM
    ctx.unavailable(
      `niceness ${nice} is not allowed here: below ${getPriority(0)} needs CAP_SYS_NICE or RLIMIT_NICE`,
    );
  }
  const got = getPriority(0);
  if (got !== nice) ctx.unavailable(`niceness ${nice} was asked for and the kernel gives ${got}`);
  if (ctx.instance.index === 0 && isAutogrouped()) {
    ctx.log(
      'info',
      'this kernel groups threads by session (sched_autogroup_enabled): niceness counts within this session only',
    );
  }
}

/** Autogroups weigh sessions against each other, whatever the niceness of their threads; not inside control groups. */
function isAutogrouped(): boolean {
  return (
    readText('/proc/sys/kernel/sched_autogroup_enabled')?.trim() === '1' &&
    readText('/proc/thread-self/autogroup') !== null &&
    /^(\d+:[^:\n]*\bcpu\b[^:\n]*|0:):\/$/m.test(readText('/proc/thread-self/cgroup') ?? '')
  );
}

function tryNice(nice: number): void {
  try {
    setPriority(0, nice);
  } catch {
    // Lower than now is not allowed to everybody; the thread ends with its task in any case.
  }
}

function processorsOf(ctx: PlacedContext, text: string, allowed: readonly number[]): readonly number[] {
  if (text === 'all') return allowed;
  const asked = parseProcessors(text);
  if (asked === null) return ctx.unavailable(`affinity "${text}" is no list of processors`);
  const lacking = asked.filter((cpu) => !allowed.includes(cpu));
  if (lacking.length > 0) {
    ctx.unavailable(
      `affinity "${text}": there is no processor ${formatProcessors(lacking)} for this process, only ${formatProcessors(allowed)}`,
    );
  }
  return asked;
}

function pin(ctx: PlacedContext, s: Scheduler, processor: number): void {
  const errno = s.setProcessors([processor]);
  const got = s.ownProcessors();
  if (errno === 0 && got.length === 1 && got[0] === processor) return;
  ctx.unavailable(
    `pinning to processor ${processor} was refused (errno ${errno}): it may run on ${formatProcessors(got)}`,
  );
}

function setClass(ctx: PlacedContext, s: Scheduler, { name, priority, isRealTime }: WantedClass): void {
  const errno = s.setClass(name, priority);
  const got = s.ownClass();
  if (errno === 0 && got?.name === name && got.priority === priority) return;
  const asked = isRealTime ? `${name} with priority ${priority}` : name;
  const why =
    errno === EPERM && isRealTime
      ? 'it needs CAP_SYS_NICE or RLIMIT_RTPRIO, and a control group with real-time budget (cpu.rt_runtime_us)'
      : `errno ${errno}`;
  ctx.unavailable(`scheduling class ${asked} was refused: ${why}`);
}

/**
 * Real-time threads run before the threads of brunt that watch over them. How much all of them may ask for is checked
 * before the run; here, that each rests often enough for what waits for its processor.
 */
function checkRealTime(ctx: PlacedContext): number {
  const share = realTimeShare();
  if (share === null) return ctx.unavailable('this kernel has no real-time classes');
  const most = 1 - LEFT_TO_OTHERS;
  if (ctx.peak <= most) return LEFT_TO_OTHERS;
  // Where the kernel holds nobody back, one thread must not take a processor from its kernel threads for good.
  if (share === 1) {
    ctx.unavailable(
      `real-time throttling is off (sched_rt_runtime_us is -1): ${Number(ctx.peak.toFixed(3))} cores of one thread would ` +
        `shut all others out of its processor; at most ${most}, or switch it on`,
    );
  }
  return 0;
}
