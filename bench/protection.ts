/**
 * Bench `protection`: from a figure of the kernel crossing its limit until the growth that endangers it stands, in a real
 * run; what was taken beyond leases; what the guard costs; when earlyoom would have reacted. The crossing is made by
 * `support/breach-thread.ts`, which watches from outside; nothing is taken from what brunt says but its grants.
 */
import { spawn, spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { must } from '../core/base/assert.js';
import { MS } from '../core/base/clock.js';
import { randomFor } from '../core/base/random.js';
import type { RunEvent } from '../core/contract/events.js';
import type { Plan, PlannedSafety } from '../core/contract/plan.js';
import { startGuard } from '../core/safety/guard.js';
import { prepare } from '../cli/prepare.js';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import type { Breach, BreachInput, BreachKind } from './support/breach-thread.js';
import { threadCpuNs } from './support/kernel-cpu.js';
import { meminfoText } from './support/meminfo.js';
import { peerVersion } from './support/peers.js';
import type { Granted } from './support/programs/protected-run.js';
import { TRENDS_PER_ACTOR } from './support/plugins/load.js';
import { quantile } from './support/stats.js';
import { keepFolder } from './support/leftovers.js';

const MIB = 2 ** 20;
const HOT = 32;
const SERIES_ACTORS = 8;
/** The machine that the run believes to be on: its memory figures are the bench's. */
const MACHINE = {
  totalBytes: 2048 * MIB,
  farBytes: 1840 * MIB,
  boundBytes: 1536 * MIB,
  beyondBytes: 1434 * MIB,
};
/** How much of it the leak eats before it crosses the bound by itself: beside load it gets a twentieth of the cores. */
const LEAK_ROOM_BYTES = { loaded: 16 * MIB, alone: 160 * MIB };
/** In a product's plan 10 s: so many breaches would take an hour. */
const CLEAR_HOLD_MS = 200;
/** Over less than this a speed says nothing. */
const SPEED_MIN_NS = 50 * MS;
const START_MAX_MS = 60_000;
const END_MAX_MS = 5000;
/**
 * Stopped: from then on at most so much more became resident: the piece of 1 MiB that had been claimed, and some heap.
 */
const REST_BYTES = 1.5 * MIB;
const RATE_HZ = { far: 10, fast: 50 };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const protection: Bench = {
  name: 'protection',
  title: 'Protection: from a limit crossed to growth stopped',
  about: [
    'A real run under a real guard: the built-in `memory` leak as fast as it can, beside ' +
      `${HOT} threads that never rest and ${SERIES_ACTORS * TRENDS_PER_ACTOR} live trend series. The run lives in a mount ` +
      'namespace in which /proc/meminfo is a file that the bench writes, so that the instant of each crossing is known to the ' +
      'microsecond. A real-time thread outside looks at the resident memory and the state of the leaking process every half ' +
      'millisecond. The limit has one action, `pause`; after each breach everything is given back, and ' +
      `${CLEAR_HOLD_MS} ms later (the plan says so; a product's plan says 10 s) growth begins again.`,
    '`jump`: from far above the bound to beyond it at once, without any warning. `near`: after 300 ms close to it. `leak`: the ' +
      'growth itself uses up what is there. *Stopped* is the instant from which on at most ' +
      `${REST_BYTES / MIB} MiB more became resident, for good, whatever was frozen and thawed meanwhile, and never sooner than ` +
      'the instant at which the guard had voided all credit, which the watcher sees in the page that the two processes share. ' +
      'The rest is the piece of 1 MiB that the actor had claimed just before, of which the end may come when the thread that ' +
      'takes it is given a core again, and some heap of the process. ' +
      '*Last rise at all* is the same without any rest. A freeze (SIGSTOP) lasts ' +
      'until the load is turned down, often a few milliseconds: a process that no core was given in that time is not seen frozen.',
  ].join('\n\n'),
  run: measure,
};

async function measure(out: BenchOutput, flags: BenchFlags): Promise<void> {
  const earlyoom = peerVersion('earlyoom', '-v');
  out.peer('earlyoom', earlyoom, 'Debian package earlyoom');
  if (mountedBy() === null) {
    out.note(
      'A mount namespace of its own cannot be had here (unshare -m): crossings cannot be made, nothing was measured.',
    );
    out.aim(stoppedAim(null, 'needs unshare -m'));
    return;
  }
  const random = randomFor(flags.seed, 'kinds');
  const draw = (n: number, kinds: readonly BreachKind[]): BreachKind[] =>
    Array.from({ length: n }, () => must(kinds[Math.floor(random() * kinds.length)], 'kind'));
  const loaded = await breakRun(out, {
    isLoaded: true,
    kinds: draw(flags.isShort ? 24 : 210, ['jump', 'jump', 'near', 'leak']),
    seed: flags.seed,
    hasPeer: false,
  });
  tell(out, `${HOT} hot threads, ${SERIES_ACTORS * TRENDS_PER_ACTOR} live series`, loaded.breaches);
  const alone = await breakRun(out, {
    isLoaded: false,
    kinds: draw(flags.isShort ? 10 : 40, ['jump', 'leak']),
    seed: flags.seed,
    hasPeer: earlyoom !== null,
  });
  tell(out, 'the leak alone, as fast as it can', alone.breaches);
  if (earlyoom !== null) tellPeer(out, alone.breaches);
  tellOvershoot(out, loaded, alone);
  const p99 = quantile(loaded.breaches.map(stoppedMs), 0.99);
  out.aim(stoppedAim(p99));
  await tellCost(out, flags);
}

const stoppedAim = (value: number | null, note?: string): Parameters<BenchOutput['aim']>[0] => ({
  what: `limit crossed to growth stopped, p99, ${HOT} hot threads, ${SERIES_ACTORS * TRENDS_PER_ACTOR} live series`,
  is: '<=',
  limit: 50,
  unit: 'ms',
  value,
  ...(note !== undefined && { note }),
});

function stoppedMs({ crossedNs, crossedBytes, mostBytes, rises, recalledNs, frozenNs }: Breach): number {
  // Growth so slow that nothing was missed is not stopped before the guard has done something about it.
  const actedNs = recalledNs ?? frozenNs ?? rises.at(-1)?.[0] ?? crossedNs;
  const isRest = mostBytes - crossedBytes <= REST_BYTES;
  const [grewNs] = isRest
    ? [crossedNs]
    : must(
        rises.find(([, bytes]) => bytes >= mostBytes - REST_BYTES),
        'the last rise but the rest',
      );
  return (Math.max(actedNs, grewNs) - crossedNs) / MS;
}

const lastRiseMs = ({ crossedNs, rises }: Breach): number =>
  ((rises.at(-1)?.[0] ?? crossedNs) - crossedNs) / MS;

const voidMs = ({ crossedNs, recalledNs }: Breach): number[] =>
  recalledNs === null ? [] : [(recalledNs - crossedNs) / MS];

const frozenMs = ({ crossedNs, frozenNs }: Breach): number[] =>
  frozenNs === null ? [] : [(frozenNs - crossedNs) / MS];

function tell(out: BenchOutput, condition: string, breaches: readonly Breach[]): void {
  for (const kind of ['all', 'jump', 'near', 'leak'] as const) {
    const of = breaches.filter((breach) => kind === 'all' || breach.kind === kind);
    if (of.length === 0) continue;
    const [stopped, last, frozen] = [of.map(stoppedMs), of.map(lastRiseMs), of.flatMap(frozenMs)];
    const voided = of.flatMap(voidMs);
    out.row('Limit crossed to growth stopped', {
      condition,
      breach: kind,
      breaches: of.length,
      'stopped p50 (ms)': quantile(stopped, 0.5),
      'p99 (ms)': quantile(stopped, 0.99),
      'max (ms)': Math.max(...stopped),
      'last rise at all, p99 (ms)': quantile(last, 0.99),
      'credit void p99 (ms)': voided.length === 0 ? null : quantile(voided, 0.99),
      'seen frozen': `${frozen.length} of ${of.length}`,
      'frozen p99 (ms)': frozen.length === 0 ? null : quantile(frozen, 0.99),
      'watcher away at most (ms)': Math.max(...of.map(({ awayNs }) => awayNs / MS)),
    });
  }
}

interface BrokenRun {
  readonly breaches: readonly Breach[];
  readonly grants: readonly Granted[];
}

function tellOvershoot(out: BenchOutput, loaded: BrokenRun, alone: BrokenRun): void {
  let beyondMost = 0;
  for (const [condition, { breaches, grants }] of [
    [`${HOT} hot threads`, loaded],
    ['the leak alone', alone],
  ] as const) {
    // What was granted before this growth began was taken back, or was given back with everything else.
    const beyond = breaches.map(
      ({ fromNs, givenBackNs, mostBytes, baseBytes }) =>
        mostBytes -
        baseBytes -
        grants
          .filter(({ atNs }) => atNs >= fromNs && atNs <= (givenBackNs ?? Infinity))
          .reduce((sum, { bytes }) => sum + bytes, 0),
    );
    const after = breaches.map(({ mostBytes, crossedBytes }) => (mostBytes - crossedBytes) / MIB);
    const speeds = breaches.flatMap((b) => {
      const tookNs = b.crossedNs - b.grownNs;
      return tookNs < SPEED_MIN_NS ? [] : [(b.crossedBytes - b.grownBytes) / MIB / (tookNs / 1e9)];
    });
    beyondMost = Math.max(beyondMost, ...beyond);
    out.row('Bytes', {
      condition,
      'speed of the leak p50 (MiB/s)': quantile(speeds, 0.5),
      'taken after the crossing p50 (MiB)': quantile(after, 0.5),
      'taken after the crossing, most (MiB)': Math.max(...after),
      'beyond what was leased, most (MiB)': Math.max(0, ...beyond) / MIB,
      'leased and not taken, least (MiB)': Math.max(0, -Math.max(...beyond)) / MIB,
    });
  }
  out.aim({
    what: 'taken beyond what leases had granted, most',
    is: '<=',
    limit: 0,
    unit: 'MiB',
    value: beyondMost / MIB,
  });
}

function tellPeer(out: BenchOutput, breaches: readonly Breach[]): void {
  for (const kind of ['jump', 'leak'] as const) {
    const of = breaches.filter((breach) => breach.kind === kind);
    if (of.length === 0) continue;
    const seen = of.flatMap(({ peerNs, crossedNs }) => (peerNs === null ? [] : [(peerNs - crossedNs) / MS]));
    const ours = of.map(stoppedMs);
    out.row('Beside earlyoom, watching the same leak', {
      breach: kind,
      breaches: of.length,
      'brunt stopped it p50 (ms)': quantile(ours, 0.5),
      'brunt max (ms)': Math.max(...ours),
      'earlyoom reacted': `${seen.length} of ${of.length}`,
      'earlyoom p50 (ms)': seen.length === 0 ? null : quantile(seen, 0.5),
      'earlyoom max (ms)': seen.length === 0 ? null : Math.max(...seen),
    });
  }
  out.note(
    'earlyoom runs with -p (niceness -20) and --dryrun: its reaction is the instant at which it says whom it would end. It looks less often the more is free, by the fastest fill rate that it assumes; it watches a whole machine and knows of no leases.',
  );
}

interface RunInput {
  readonly isLoaded: boolean;
  readonly kinds: readonly BreachKind[];
  readonly seed: number;
  readonly hasPeer: boolean;
}

async function breakRun(out: BenchOutput, input: RunInput): Promise<BrokenRun> {
  const kept = keepFolder('protection');
  const folder = kept.path;
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('meminfo'), meminfoText(MACHINE.totalBytes, MACHINE.farBytes));
  writeFileSync(at('plan.json'), JSON.stringify(await makePlan(input.isLoaded)));
  const program = here('./support/programs/protected-run.js');
  const run = spawnBelow(
    at('meminfo'),
    [process.execPath, program, at('plan.json'), at('runs'), at('grants.json')],
    {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = once(run, 'exit');
  const peerLog = openSync(at('peer.log'), 'w');
  const share = Math.round((100 * MACHINE.boundBytes) / MACHINE.totalBytes);
  const peerArgs = ['earlyoom', '--dryrun', '-p', '-r', '0', '-m', String(share)];
  let peer: ReturnType<typeof spawnBelow> | null = null;
  try {
    const pid = await leakingProcess(at('runs'), run);
    if (input.hasPeer) peer = spawnBelow(at('meminfo'), peerArgs, { stdio: ['ignore', peerLog, peerLog] });
    if (input.hasPeer) await sleep(1500); // its first look, at a machine that is well
    out.say(`${input.kinds.length} breaches, ${input.isLoaded ? 'beside load' : 'alone'}`);
    const breaches = await breakLimits({
      ...MACHINE,
      meminfo: at('meminfo'),
      pid,
      runPid: must(run.pid, 'pid'),
      kinds: input.kinds,
      seed: input.seed,
      leakRoomBytes: LEAK_ROOM_BYTES[input.isLoaded ? 'loaded' : 'alone'],
      peerLog: input.hasPeer ? at('peer.log') : null,
    });
    run.kill('SIGTERM');
    await ended;
    return { breaches, grants: JSON.parse(readFileSync(at('grants.json'), 'utf8')) as Granted[] };
  } catch (error) {
    // A run that ended by itself says why; it has a moment to.
    await Promise.race([ended, sleep(END_MAX_MS)]);
    const last = eventsIn(at('runs')).filter(({ type }) =>
      ['agent.output', 'agent.lost', 'run.stopping'].includes(type),
    );
    throw new Error(`the run failed: ${last.map((event) => JSON.stringify(event)).join(' ')}`, {
      cause: error,
    });
  } finally {
    peer?.kill('SIGKILL');
    if (run.exitCode === null && run.signalCode === null) run.kill('SIGKILL');
    await ended;
    kept.remove();
  }
}

async function breakLimits(input: BreachInput): Promise<readonly Breach[]> {
  const thread = new Worker(new URL('./support/breach-thread.js', import.meta.url), { workerData: input });
  const [answer] = (await once(thread, 'message')) as [{ readonly breaches: readonly Breach[] }];
  return answer.breaches;
}

async function makePlan(isLoaded: boolean): Promise<Plan> {
  const series = Array.from(
    { length: SERIES_ACTORS },
    (_, i) => [`series-${i}`, { uses: 'load/series' }] as const,
  );
  const beside = { hot: { uses: 'load/hot', instances: HOT }, ...Object.fromEntries(series) };
  const scenario = {
    version: 1,
    name: 'protection',
    plugins: { load: here('./support/plugins/load.js') },
    actors: { leak: { uses: 'memory', peak: '5GiB/s' }, ...(isLoaded ? beside : {}) },
    phases: [{ name: 'breaches', duration: '20m', load: { '*': '100%' } }],
  };
  const source = { file: null, text: JSON.stringify(scenario) };
  const { plan } = await prepare(source, { profile: 'ci' });
  const trigger = {
    action: 'pause',
    operator: '<',
    bound: MACHINE.boundBytes,
    forMs: 0,
    text: 'bench',
    source: 'scenario',
  } as const;
  const safety: PlannedSafety = {
    ...plan.safety,
    limits: [{ sensor: 'host.memory.available', unit: 'bytes', triggers: [trigger] }],
    reserveBytes: 64 * MIB,
    clearHoldMs: CLEAR_HOLD_MS,
  };
  return { ...plan, safety };
}

/** How to get a mount namespace here: as root, or as root of a user namespace; null when neither works. */
function mountedBy(): readonly string[] | null {
  const ways = [['-m'], ['-r', '-m']];
  return (
    ways.find((flags) => spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' }).status === 0) ?? null
  );
}

/** A program for which the file is /proc/meminfo; its pid is that of the child. */
function spawnBelow(
  meminfo: string,
  command: readonly string[],
  options: Parameters<typeof spawn>[2],
): ReturnType<typeof spawn> {
  const script = 'mount --bind "$1" /proc/meminfo && shift && exec "$@"';
  const flags = must(mountedBy(), 'a way to mount');
  return spawn('unshare', [...flags, 'sh', '-c', script, 'sh', meminfo, ...command], options);
}

async function leakingProcess(runs: string, run: ReturnType<typeof spawn>): Promise<number> {
  const endMs = performance.now() + START_MAX_MS;
  while (performance.now() < endMs && run.exitCode === null && run.signalCode === null) {
    const events = eventsIn(runs);
    const agent = events.find((e) => e.type === 'agent.ready' && e.agent === 'leak');
    if (events.some(({ type }) => type === 'run.started') && agent?.type === 'agent.ready') return agent.pid;
    await sleep(100);
  }
  throw new Error('the run to be protected did not start');
}

function eventsIn(runs: string): RunEvent[] {
  try {
    const [run = ''] = readdirSync(runs);
    const lines = readFileSync(join(runs, run, 'events.ndjson'), 'utf8')
      .split('\n')
      .slice(0, -1);
    return lines.map((line) => JSON.parse(line) as RunEvent);
  } catch {
    return []; // no record yet
  }
}

/** The kernel's account of the guard's thread, on an otherwise idle process: all limits of profile ci, this host's sensors. */
async function tellCost(out: BenchOutput, { isShort }: BenchFlags): Promise<void> {
  const seconds = isShort ? 2 : 10;
  const { plan } = await prepare({ file: null, text: JSON.stringify(COST_SCENARIO) }, { profile: 'ci' });
  const before = new Set(readdirSync('/proc/self/task'));
  const guard = await startGuard({ limits: plan.safety.limits, paths: [tmpdir()] });
  const tid = readdirSync('/proc/self/task').find((id) => !before.has(id) && isRaised(id));
  for (const [rate, hz] of Object.entries(RATE_HZ)) {
    if (tid === undefined) break;
    const fromNs = threadCpuNs(process.pid, tid);
    const fromMs = performance.now();
    while (performance.now() - fromMs < seconds * 1000) {
      if (rate === 'fast') guard.noteGrant('memory');
      await sleep(500);
    }
    const share = (threadCpuNs(process.pid, tid) - fromNs) / ((performance.now() - fromMs) * MS);
    out.row('What the guard costs', {
      'looks a second': hz,
      'of one core (%)': 100 * share,
      'raised by': guard.priority,
    });
  }
  await guard.stop();
  if (tid === undefined)
    out.note(
      'The guard cannot raise its priority here, by which its thread is told from others: its cost was not measured.',
    );
}

const COST_SCENARIO = {
  version: 1,
  actors: { memory: { peak: '16MiB' } },
  phases: [{ name: 'hold', duration: '1s', load: { memory: '100%' } }],
};

/** Real-time, or niceness -10: of the new threads only the guard is. */
function isRaised(tid: string): boolean {
  const text = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[16]) === -10 || Number(fields[38]) !== 0;
}
