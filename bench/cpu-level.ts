/**
 * Bench `cpu-level`: the share of a core that is asked against the one that the kernel accounts, brunt and `stress-ng
 * --cpu-load` in turn, level by level, alone and beside as many hogs as there are processors.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../cli/library.js';
import { realTimeShare } from '../core/linux/sched.js';
import type { Bench, BenchFlags, BenchOutput, Cells } from './bench.js';
import { machineStolenNs, processTree } from './support/kernel-cpu.js';
import { peerVersion } from './support/peers.js';
import { threadsOver } from './support/spans.js';
import { keepFolder } from './support/leftovers.js';

interface Setting {
  readonly title: string;
  readonly instances: number;
  readonly hogs: number;
  readonly levels: readonly number[];
  /** Of the actor; all are at niceness 0 unless they say otherwise. */
  readonly options: Readonly<Record<string, string | number>>;
  /** Whether stress-ng stands beside in this one. */
  readonly hasPeer: boolean;
  /** Its options are to win against the hogs: then the whole of what is asked is the measure. */
  readonly isUrgent: boolean;
  /** The kernel lets no thread with these options have more of a processor. */
  readonly most: number;
}

const LEVELS = [5, 10, 25, 50, 75, 90, 100];
const SETTLE_MS = 500;
const CORES = availableParallelism();
/** Enough to be more than the processors, few enough that each gets a share worth measuring. */
const MANY = 2 * CORES;

export const cpuLevel: Bench = {
  name: 'cpu-level',
  title: 'CPU level: achieved against asked',
  about: [
    'Each instance (each worker of `stress-ng --cpu N --cpu-load P`) is asked for a share of one core. What it got is read',
    'from outside, from the scheduler’s statistics of its thread, in the same way for both, brunt and stress-ng in turn at',
    'each level; the worst thread counts. All run at niceness 0 unless the row says otherwise. On contended processors',
    'not every share can be had: a thread that never rests has all that the kernel gives it. So the error is given both',
    'against what was asked and against the most that could be had: what a thread had and what it rested, by the same',
    'statistics; time that the host of a virtual machine took is neither. `Fair` is what as many plain busy loops get in',
    'the place of the instances, on average: over such a span each of them is off by several points to either side.',
  ].join('\n'),
  async run(out, flags) {
    const version = peerVersion('stress-ng');
    out.peer('stress-ng', version, 'Debian package stress-ng');
    const all: Measured[] = [];
    for (const setting of settingsOf(flags, version !== null))
      all.push(...(await measure(setting, out, flags)));
    judge(all, out);
    out.note(
      'A hog keeps the weight of its niceness: beside one, niceness -15 gets 96.6 % of a processor by the kernel’s table, -20 98.9 %. ' +
        `Real-time threads get ${points(realTimeShare() ?? 1)} % (sched_rt_runtime_us), which is the most that is held against sched: fifo.`,
    );
  },
};

/** Of one thread over a span. */
interface Share {
  readonly cores: number;
  /** It did not want a processor. */
  readonly rested: number;
}

interface Measured {
  readonly setting: Setting;
  readonly asked: number;
  readonly fair: number;
  readonly ours: readonly Share[];
  readonly peer: readonly Share[] | null;
}

function settingsOf({ isShort }: BenchFlags, hasPeer: boolean): Setting[] {
  const levels = isShort ? [10, 75] : LEVELS;
  const contended = isShort ? [90] : [75, 90, 100];
  const common = { options: { nice: 0 }, hasPeer, levels, isUrgent: false, most: 1 };
  const beside = `beside ${CORES} hogs`;
  const urgent = { instances: 1, hogs: CORES, levels: contended, hasPeer: false, isUrgent: true, most: 1 };
  return [
    { ...common, title: 'one instance, alone', instances: 1, hogs: 0 },
    { ...common, title: `${MANY} instances on ${CORES} cores, alone`, instances: MANY, hogs: 0 },
    { ...common, title: `one instance, ${beside}`, instances: 1, hogs: CORES },
    { ...common, title: `${MANY} instances on ${CORES} cores, ${beside}`, instances: MANY, hogs: CORES },
    { ...urgent, title: `one instance with \`nice: -20\`, ${beside}`, options: { nice: -20 } },
    {
      ...urgent,
      title: `one instance with \`sched: fifo\`, ${beside}`,
      options: { sched: 'fifo' },
      most: realTimeShare() ?? 1,
    },
  ];
}

async function measure(setting: Setting, out: BenchOutput, flags: BenchFlags): Promise<Measured[]> {
  const spanMs = spanMsOf(setting, flags);
  const hogs = Array.from({ length: setting.hogs }, () => hog());
  try {
    const fair = await fairShare(setting, hogs, spanMs);
    const measured = await inTurn(setting, fair, spanMs, flags.seed);
    for (const one of measured) out.row(setting.title, cellsOf(one));
    return measured;
  } finally {
    await Promise.all(hogs.map(end));
  }
}

/** What schedstat says of a thread that runs or waits right now is late by up to a tick, and by the time that it waits. */
function spanMsOf({ instances, hogs }: Setting, { isShort }: BenchFlags): number {
  if (isShort) return 500;
  return instances + hogs > CORES ? 3000 : 2000;
}

/** All hogs are alike: what each gets on average is what one could expect. */
async function fairShare(
  { instances, hogs }: Setting,
  others: readonly ChildProcess[],
  spanMs: number,
): Promise<number> {
  const stand = Array.from({ length: instances }, () => hog());
  await sleep(SETTLE_MS);
  const shares = await sharesOver([...stand, ...others].map(pidOf), spanMs, instances + hogs);
  await Promise.all(stand.map(end));
  return mean(shares);
}

/** Of the threads of these processes that use most, over the span that begins now. */
async function sharesOver(pids: readonly number[], spanMs: number, threads: number): Promise<Share[]> {
  const before = machineStolenNs();
  const spans = await threadsOver(pids, spanMs);
  const stolen = (machineStolenNs() - before) / (CORES * spanMs * 1e6);
  return spans
    .slice(0, threads)
    .map(({ cores, waited }) => ({ cores, rested: Math.max(0, 1 - cores - waited - stolen) }));
}

/**
 * One run of brunt: before each level a phase in which its threads are parked, and cost nothing, while stress-ng is at
 * the same level.
 */
async function inTurn(setting: Setting, fair: number, spanMs: number, seed: number): Promise<Measured[]> {
  const peerMs = setting.hasPeer ? spanMs + 2 * SETTLE_MS + 300 : 300;
  const kept = keepFolder('cpu-level');
  const runsDir = kept.path;
  const begun = new Map<string, () => void>();
  const started = new Map(
    phasesOf(setting).map((name) => [name, new Promise<void>((resolve) => begun.set(name, resolve))]),
  );
  let agent = 0;
  const measured: Measured[] = [];
  const summary = run(scenarioOf(setting, peerMs, spanMs), {
    profile: 'lab',
    seed,
    runsDir,
    onEvent(event) {
      if (event.type === 'agent.ready') agent = event.pid;
      if (event.type === 'phase.started') begun.get(event.phase)?.();
    },
  });
  const looking = (async () => {
    for (const level of setting.levels) {
      await started.get(`gap-${level}`);
      const peer = setting.hasPeer ? await stressNg(setting.instances, level, spanMs) : null;
      await started.get(`level-${level}`);
      await sleep(SETTLE_MS);
      const ours = await sharesOver([agent], spanMs, setting.instances);
      measured.push({ setting, asked: level / 100, fair, ours, peer });
    }
  })();
  try {
    // A run that cannot start rejects, and then no phase ever begins.
    await Promise.race([looking, summary.then(() => looking)]);
    await summary;
    return measured;
  } finally {
    kept.remove();
  }
}

function phasesOf({ levels }: Setting): string[] {
  return levels.flatMap((level) => [`gap-${level}`, `level-${level}`]);
}

/** One actor may not ask for more than there is, which is a mistake; several may contend. */
function scenarioOf({ instances, levels, options }: Setting, peerMs: number, spanMs: number): object {
  const actors = Array.from({ length: Math.ceil(instances / CORES) }, (_, i) => {
    const count = Math.min(CORES, instances - i * CORES);
    return [`cpu-${i}`, { uses: 'cpu', peak: `${100 * count}% of core`, instances: count, with: options }];
  });
  return {
    version: 1,
    name: 'cpu-level',
    actors: Object.fromEntries(actors) as object,
    phases: levels.flatMap((level) => [
      { name: `gap-${level}`, duration: `${peerMs}ms`, load: { '*': '0%' } },
      { name: `level-${level}`, duration: `${spanMs + SETTLE_MS + 200}ms`, load: { '*': `${level}%` } },
    ]),
  };
}

async function stressNg(workers: number, level: number, spanMs: number): Promise<Share[]> {
  const args = ['--cpu', `${workers}`, '--cpu-load', `${level}`, '--timeout', '60', '--quiet'];
  const child = spawn('stress-ng', args, { stdio: 'ignore' });
  try {
    await sleep(SETTLE_MS);
    const pids = processTree(pidOf(child)).filter((pid) => pid !== child.pid);
    return await sharesOver(pids, spanMs, workers);
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
}

/** A plain busy loop, a process of its own in this session: what else may be running on a machine. */
function hog(): ChildProcess {
  return spawn(
    process.execPath,
    [
      '-e',
      'setTimeout(() => process.exit(), 3e5); (function f() { for (let i = 0; i < 1e8; i++); setImmediate(f); })()',
    ],
    {
      stdio: 'ignore',
    },
  );
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} did not start`);
  return child.pid;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const points = (share: number): number => Math.round(1000 * share) / 10;

/** Of the thread that is furthest from what is wanted of it: signed. */
function worst(shares: readonly Share[], errorOf: (share: Share) => number): number {
  return shares.map(errorOf).reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0);
}

/** Too much is too much; too little is so only as far as more could be had. */
function errorOfPossible({ asked, setting }: Measured): (share: Share) => number {
  const wanted = Math.min(asked, setting.most);
  if (setting.isUrgent) return ({ cores }) => Math.max(cores - asked, Math.min(0, cores - wanted));
  return ({ cores, rested }) => Math.max(cores - asked, Math.min(0, cores - wanted), -rested);
}

function mean(shares: readonly Share[]): number {
  return shares.reduce((sum, { cores }) => sum + cores, 0) / shares.length;
}

function cellsOf(one: Measured): Cells {
  const { setting, asked, fair, ours, peer } = one;
  const both = (shares: readonly Share[], who: string): Cells => ({
    [`${who}, %`]: points(mean(shares)),
    [`${who}: error, points`]: points(worst(shares, ({ cores }) => cores - asked)),
    [`${who}: of what can be had, points`]: points(worst(shares, errorOfPossible(one))),
  });
  return {
    'Asked, %': points(asked),
    'Fair, %': points(fair),
    ...both(ours, 'brunt'),
    ...(setting.hasPeer && peer !== null && both(peer, 'stress-ng')),
  };
}

function judge(all: readonly Measured[], out: BenchOutput): void {
  const most = (some: readonly Measured[], of: (one: Measured) => readonly Share[] | null): number =>
    Math.max(...some.map((one) => Math.abs(points(worst(of(one) ?? [], errorOfPossible(one))))));
  for (const title of new Set(all.map(({ setting }) => setting.title))) {
    const some = all.filter(({ setting }) => setting.title === title);
    const peer = some[0]?.setting.hasPeer === true ? most(some, (one) => one.peer) : null;
    out.aim({
      what: `Level error, ${title}, the worst thread at the worst level`,
      is: '<=',
      limit: 1,
      unit: 'points',
      value: most(some, ({ ours }) => ours),
      ...(peer !== null && { note: `stress-ng ${peer} points` }),
    });
  }
}
