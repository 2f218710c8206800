/**
 * What the kernel says of an instance's thread: its share of a core, from the clock of the thread and, as a check, from the
 * scheduler's own statistics; how long it waited for a processor; how the control group was throttled; how hot and fast
 * the processor is. Called by `level.ts`.
 */
import type { ActorContext } from '../../core/contract/index.js';
import { findGroups, parseThrottling, quotaGroup } from '../../core/linux/cgroup.js';
import { KeptFile, parseSchedstat } from '../../core/linux/procfs.js';
import { scheduler } from '../../core/linux/sched.js';
import type { Gauge } from '../../core/linux/thermal.js';
import { openFrequency, openTemperature } from '../../core/linux/thermal.js';

export const LEVEL_METRICS = {
  'share-asked': {
    kind: 'gauge',
    unit: 'share',
    across: 'mean',
    help: 'The share of one core that is asked of an instance; the mean over the instances.',
  },
  'share-achieved': {
    kind: 'gauge',
    unit: 'share',
    better: 'higher',
    across: 'mean',
    help: 'The share of one core that an instance used, by the kernel’s clock of its thread; the mean over the instances.',
  },
  'clock-error': {
    kind: 'gauge',
    unit: 'share',
    better: 'lower',
    across: 'max',
    help: 'By how much the thread’s clock and the scheduler’s own statistics (schedstat) differ on the share used.',
  },
  'run-delay': {
    kind: 'counter',
    unit: 'ns',
    better: 'lower',
    help: 'Time in which the threads could have run and waited for a processor (schedstat).',
  },
  'throttled-periods': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Enforcement periods in which the control group with the tightest quota was held back (nr_throttled).',
  },
  'throttled-time': {
    kind: 'counter',
    unit: 'ns',
    better: 'lower',
    help: 'For how long the processors of that group were held back, summed over processors (throttled_time).',
  },
  'involuntary-switches': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'How often the kernel took the processor from a thread that wanted to go on.',
  },
  migrations: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'How often the kernel moved a thread to another processor.',
  },
  temperature: {
    kind: 'gauge',
    unit: 'celsius',
    better: 'lower',
    across: 'max',
    help: 'The hottest sensor of the processor, where the host has one.',
  },
  frequency: {
    kind: 'gauge',
    unit: 'hertz',
    better: 'higher',
    across: 'mean',
    help: 'How fast the processors of the actor run, by their frequency driver, where the host has one.',
  },
} as const;

type MeteredContext = Pick<
  ActorContext<object, typeof LEVEL_METRICS>,
  'instance' | 'metrics' | 'achieved' | 'log'
>;

export interface MeterInput {
  readonly ctx: MeteredContext;
  readonly readCpuNs: () => number;
  readonly processor: number | null;
  /** For tests: where sysfs is. */
  readonly sysfs?: string;
}

/** What is achieved is told over at least so long. */
export const METER_NS = 100e6;
/** What has to be read from files is, this often. */
const LOOK_NS = 500e6;
/** While a thread runs, schedstat lags by up to a tick, at the beginning and at the end of a span. */
const TICK_NS = 10e6;
/** By more than this and two ticks the two accounts must not differ. */
const CLOCK_ERROR_MAX = 0.02;

/** Counts by the kernel that only grow; null: this host does not have it. */
interface Counted {
  readonly name: 'run-delay' | 'throttled-periods' | 'throttled-time' | 'involuntary-switches' | 'migrations';
  read(): number | null;
  last: number | null;
}

export class Meter {
  readonly #ctx: MeteredContext;
  readonly #readCpuNs: () => number;
  readonly #files: KeptFile[] = [];
  readonly #counted: Counted[] = [];
  readonly #gauges: { readonly name: 'temperature' | 'frequency'; readonly gauge: Gauge }[] = [];
  readonly #readSchedNs: () => number | null;
  /** Begin of the present span. */
  #atNs = 0;
  #cpuNs = 0;
  #askedNs = 0;
  #askedAtNs = 0;
  /** Of the last look at files. */
  #look = { atNs: 0, cpuNs: 0, schedNs: null as number | null };
  #isToldOff = false;

  constructor({ ctx, readCpuNs, processor, sysfs }: MeterInput) {
    this.#ctx = ctx;
    this.#readCpuNs = readCpuNs;
    const schedstat = this.#open('/proc/thread-self/schedstat', 256);
    const stat = (): ReturnType<typeof parseSchedstat> => parseSchedstat(schedstat?.read() ?? '');
    this.#readSchedNs = () => stat()?.cpuNs ?? null;
    this.#count('run-delay', () => stat()?.waitNs ?? null);
    const s = scheduler();
    this.#count('involuntary-switches', () => s?.usage().involuntary ?? null);
    const sched = this.#open('/proc/thread-self/sched', 4096);
    this.#count('migrations', () => fieldAfter(sched?.read() ?? '', 'se.nr_migrations'));
    // What is of the whole group or machine is told by one of the actor's instances.
    if (ctx.instance.index === 0) this.#openShared(sysfs);
    this.#gauge('frequency', openFrequency(processor === null ? undefined : [processor], sysfs));
  }

  /** A span begins: nothing of what was before it counts. */
  begin(nowNs: number): void {
    this.#atNs = this.#askedAtNs = nowNs;
    this.#cpuNs = this.#readCpuNs();
    this.#askedNs = 0;
    for (const one of this.#counted) one.last = one.read();
    this.#look = { atNs: nowNs, cpuNs: this.#cpuNs, schedNs: this.#readSchedNs() };
  }

  /** `asked` cores were asked for since the last call. True when what was achieved has been told. */
  tell(nowNs: number, asked: number, isEnd = false): boolean {
    this.#askedNs += asked * (nowNs - this.#askedAtNs);
    this.#askedAtNs = nowNs;
    const spanNs = nowNs - this.#atNs;
    if (spanNs < METER_NS && !(isEnd && spanNs > 0)) return false;
    const cpuNs = this.#readCpuNs();
    const share = (cpuNs - this.#cpuNs) / spanNs;
    const { metrics } = this.#ctx;
    this.#ctx.achieved(share, spanNs);
    metrics['share-achieved'].set(share, spanNs);
    metrics['share-asked'].set(this.#askedNs / spanNs, spanNs);
    this.#atNs = nowNs;
    this.#cpuNs = cpuNs;
    this.#askedNs = 0;
    if (isEnd || nowNs - this.#look.atNs >= LOOK_NS) this.#lookAtFiles(nowNs, cpuNs);
    return true;
  }

  /** Nothing is asked any more. */
  rest(): void {
    const { metrics } = this.#ctx;
    this.#ctx.achieved(0);
    metrics['share-achieved'].set(NaN);
    metrics['share-asked'].set(NaN);
    metrics['clock-error'].set(NaN);
  }

  close(): void {
    for (const file of this.#files) file.close();
    for (const { gauge } of this.#gauges) gauge.close();
  }

  #lookAtFiles(nowNs: number, cpuNs: number): void {
    for (const one of this.#counted) {
      const now = one.read();
      if (now !== null && one.last !== null && now > one.last)
        this.#ctx.metrics[one.name].add(now - one.last);
      one.last = now ?? one.last;
    }
    for (const { name, gauge } of this.#gauges) this.#ctx.metrics[name].set(gauge.read() ?? NaN);
    this.#crossCheck(nowNs, cpuNs);
  }

  /** Both accounts are the kernel's, by different ways: if they disagree, neither is worth a promise. */
  #crossCheck(nowNs: number, cpuNs: number): void {
    const schedNs = this.#readSchedNs();
    const before = this.#look;
    this.#look = { atNs: nowNs, cpuNs, schedNs };
    if (schedNs === null || before.schedNs === null) return;
    const spanNs = nowNs - before.atNs;
    const offNs = Math.abs(schedNs - before.schedNs - (cpuNs - before.cpuNs));
    this.#ctx.metrics['clock-error'].set(Math.max(0, offNs - 2 * TICK_NS) / spanNs, spanNs);
    if (offNs <= 2 * TICK_NS + CLOCK_ERROR_MAX * spanNs || this.#isToldOff) return;
    this.#isToldOff = true;
    const percent = ((100 * offNs) / spanNs).toFixed(1);
    this.#ctx.log(
      'warn',
      `the clock of the thread and schedstat differ by ${percent} % of a core: do not trust the level`,
    );
  }

  #openShared(sysfs: string | undefined): void {
    this.#gauge('temperature', openTemperature(sysfs));
    const group = quotaGroup(findGroups('cpu'));
    if (group === null) return;
    const file = this.#open(`${group.folder}/cpu.stat`, 1024);
    const stat = (): ReturnType<typeof parseThrottling> => parseThrottling(file?.read() ?? '');
    this.#count('throttled-periods', () => stat()?.throttled ?? null);
    this.#count('throttled-time', () => stat()?.throttledNs ?? null);
  }

  #open(path: string, bytes: number): KeptFile | null {
    const file = KeptFile.open(path, bytes);
    if (file !== null) this.#files.push(file);
    return file;
  }

  #count(name: Counted['name'], read: Counted['read']): void {
    if (read() !== null) this.#counted.push({ name, read, last: null });
  }

  #gauge(name: 'temperature' | 'frequency', gauge: Gauge | null): void {
    if (gauge !== null) this.#gauges.push({ name, gauge });
  }
}

/** The number in a line such as "se.nr_migrations    :    12" of /proc/<pid>/sched. */
function fieldAfter(text: string, key: string): number | null {
  const match = new RegExp(`^${key.replaceAll('.', '\\.')}\\s*:\\s*(\\d+)`, 'm').exec(text);
  return match === null ? null : Number(match[1]);
}
