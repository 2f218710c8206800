/**
 * One point of the bench of I/O, done by brunt in a real run and by fio, in turn: the run goes on for all rounds, idle
 * while fio has its own, so that both meet the machine as it is in that minute. Of each round and tool: operations a second
 * and percentiles as it says them itself, and processor time by the kernel's account from outside, over a span in its midst.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nowNs, SECOND } from '../../core/base/clock.js';
import type { RunSummary } from '../../core/contract/summary.js';
import { readDevice } from '../../plugins/block/device.js';
import { run } from '../../cli/library.js';
import { machineCpuNs, processTree } from './kernel-cpu.js';
import { keepFolder } from './leftovers.js';
import type { Pattern } from './plugins/io.js';

export interface Point {
  readonly path: string;
  readonly areaBytes: number;
  readonly pattern: Pattern;
  readonly blockBytes: number;
  readonly depth: number;
  readonly isDirect: boolean;
  readonly engine: 'auto' | 'io_uring';
  /** Default: one of the bench, which is an engine and the loop around it. */
  readonly simulator?: 'block' | 'disk';
}

export interface Showing {
  readonly perSecond: number;
  /** Of the whole machine without the other tool, and of the tool's own processes with all their threads, in µs. */
  readonly machineUs: number;
  readonly ownUs: number;
  /** From the hand-over to the end, in ns; null where there were too few operations to say. */
  readonly latencyNs: Latency;
  readonly failed: number;
}

export const QUANTILES = ['p50', 'p90', 'p99', 'p99.9'] as const;
export type Quantile = (typeof QUANTILES)[number];
export type Latency = Readonly<Record<Quantile, number | null>>;

export interface Round {
  readonly brunt: Showing;
  /** Null: fio is not here, or had not ended when its turn was over. */
  readonly fio: Showing | null;
}

export interface ContestPlan {
  readonly rounds: number;
  /** Of each tool in each round. */
  readonly spanMs: number;
  readonly seed: number;
  readonly hasFio: boolean;
}

/** Before the first round, and before what fio counts of each. */
const WARM_MS = 400;
const FIO_WARM_MS = 100;
/** fio's own start and end, outside what it counts. */
const FIO_AROUND_MS = 700;
/** Its processor time is taken from so long after its start on: it works by then, and does so for the time that is left. */
const FIO_METER_MS = 400;
/** The event of a phase may come so late; what is metered lies inside the phase by so much at both ends. */
const MARGIN_MS = 80;
const PLUGIN = fileURLToPath(new URL('./plugins/io.js', import.meta.url));

interface Cost {
  readonly spanNs: number;
  readonly machineNs: number;
  readonly ownNs: number;
}

/** Processor time over a span that begins now, of the machine, and of `pid` with its children; `besides` is not counted. */
async function meter(pid: number, spanMs: number, besides: number | null): Promise<Cost> {
  const own = processTree(pid);
  const others = besides === null ? [] : processTree(besides).filter((each) => !own.includes(each));
  const fromNs = nowNs();
  const from = machineCpuNs();
  await sleep(spanMs);
  const to = machineCpuNs();
  const spentNs = (pids: Iterable<number>): number => {
    let sum = 0;
    // Of what ended meanwhile nobody knows.
    for (const each of pids) sum += Math.max(0, (to.get(each) ?? 0) - (from.get(each) ?? 0));
    return sum;
  };
  return { spanNs: nowNs() - fromNs, machineNs: spentNs(to.keys()) - spentNs(others), ownNs: spentNs(own) };
}

function showing(perSecond: number, cost: Cost, latencyNs: Latency, failed: number): Showing {
  const operations = (perSecond * cost.spanNs) / SECOND;
  const us = (ns: number): number => ns / 1000 / operations;
  return { perSecond, machineUs: us(cost.machineNs), ownUs: us(cost.ownNs), latencyNs, failed };
}

/** Throws when the run itself did not pass. */
export async function contest(point: Point, plan: ContestPlan): Promise<Round[]> {
  const { rounds, spanMs, hasFio } = plan;
  const folder = keepFolder('runs');
  const load = { io: '100%' };
  const costs: (Promise<Cost> | undefined)[] = [];
  const fios: Promise<Showing | null>[] = [];
  const fioMs = FIO_WARM_MS + spanMs + FIO_AROUND_MS;
  // Who was first is second the next time: what one leaves behind (dirty pages, a warm device) is met by either.
  const turns = Array.from({ length: rounds }, (_, i) => {
    const ours = { name: `span-${i}`, duration: `${spanMs}ms`, load };
    if (!hasFio) return [ours];
    const theirs = { name: `fio-${i}`, duration: `${fioMs}ms`, load: {}, measure: false };
    return i % 2 === 0 ? [ours, theirs] : [theirs, ours];
  }).flat();
  try {
    const summary = await run(
      {
        version: 1,
        name: 'bench-io',
        ...(await loadOf(point)),
        phases: [{ name: 'warm', duration: `${WARM_MS}ms`, load, measure: false }, ...turns],
      },
      {
        runsDir: folder.path,
        seed: plan.seed,
        profile: 'lab',
        onEvent: (event) => {
          if (event.type !== 'phase.started') return;
          const [kind, number] = event.phase.split('-');
          if (kind === 'span')
            costs[Number(number)] = sleep(MARGIN_MS).then(() =>
              meter(process.pid, spanMs - 3 * MARGIN_MS, null),
            );
          if (kind === 'fio') fios.push(byFio(point, spanMs, fioMs));
        },
      },
    );
    const theirs = await Promise.all(fios);
    const ours = await Promise.all(
      Array.from({ length: rounds }, async (_, i) => bruntShowing(summary, `span-${i}`, await costs[i])),
    );
    return ours.map((brunt, i) => ({ brunt, fio: theirs[i] ?? null }));
  } finally {
    folder.remove();
  }
}

/** What loads the target, and leave to write to it. */
async function loadOf(point: Point): Promise<Record<string, unknown>> {
  const { path, areaBytes, pattern, blockBytes, engine, isDirect: direct, simulator } = point;
  const peak = String(point.depth);
  const options = { path, areaBytes, pattern, blockBytes, engine, direct };
  if (simulator === undefined)
    return { plugins: { 'bench-io': PLUGIN }, actors: { io: { uses: 'bench-io', peak, with: options } } };
  const [blockSize, size] = [`${blockBytes}B`, `${areaBytes}B`];
  const access = pattern.startsWith('rand') ? 'random' : 'sequential';
  const mix = pattern.endsWith('read') ? { read: '100%' } : { write: '100%' };
  const same = { access, blockSize, size, mix, engine };
  if (simulator === 'disk')
    return {
      actors: { io: { uses: 'disk', peak, with: { path, direct, ...same } } },
      safety: { writablePaths: [dirname(path)] },
    };
  const device = await readDevice(path);
  const ids = typeof device === 'string' ? [] : device.ids.slice(0, 1);
  return {
    actors: { io: { uses: 'block', peak, with: { device: path, ...same } } },
    safety: { erasableDevices: ids },
  };
}

function bruntShowing(summary: RunSummary, phase: string, cost: Cost | undefined): Showing {
  const series = summary.phases.find(({ name }) => name === phase)?.series ?? [];
  const of = (metric: string) =>
    series.filter((one) => one.metric === metric && (one.count ?? one.sum ?? 0) > 0);
  const perSecond = of('op.count').reduce((sum, { rate }) => sum + (rate ?? 0), 0);
  if (summary.verdict !== 'passed' || cost === undefined || !(perSecond > 0))
    throw new Error(`the run did not do: ${summary.reasons.join('; ')}`);
  // One kind of operation only is ever done.
  const quantiles = of('op.service')[0]?.quantiles ?? null;
  const latency = Object.fromEntries(QUANTILES.map((name) => [name, quantiles?.[name] ?? null])) as Latency;
  const failed = of('op.failed.latency').reduce((sum, { count }) => sum + (count ?? 0), 0);
  return showing(perSecond, cost, latency, failed);
}

interface FioSide {
  readonly iops: number;
  readonly total_ios: number;
  readonly lat_ns: { readonly percentile?: Readonly<Record<string, number>> };
}
export interface FioJson {
  readonly jobs: readonly { readonly read: FioSide; readonly write: FioSide; readonly total_err?: number }[];
}

/** As `--percentile_list` and the keys of what it says spell them, and how many operations one must be of. */
const FIO_PERCENTILES: Readonly<Record<Quantile, readonly [string, number]>> = {
  p50: ['50.000000', 20],
  p90: ['90.000000', 100],
  p99: ['99.000000', 1000],
  'p99.9': ['99.900000', 10_000],
};

export function fioLatency({ total_ios: count, lat_ns: { percentile } }: FioSide): Latency {
  const of = (name: Quantile): number | null => {
    const [key, least] = FIO_PERCENTILES[name];
    return count < least ? null : (percentile?.[key] ?? null);
  };
  return Object.fromEntries(QUANTILES.map((name) => [name, of(name)])) as Latency;
}

/** Same target, same options: registered files and buffers, no map of what was read, a new seed each time. */
async function byFio(point: Point, spanMs: number, mostMs: number): Promise<Showing | null> {
  const child = startFio([
    `--filename=${point.path}`,
    `--size=${point.areaBytes}`,
    `--rw=${point.pattern}`,
    `--bs=${point.blockBytes}`,
    `--iodepth=${point.depth}`,
    `--direct=${point.isDirect ? 1 : 0}`,
    // The simulators write new bytes each time.
    ...(point.simulator === undefined ? [] : ['--refill_buffers']),
    `--ramp_time=${FIO_WARM_MS}ms`,
    `--runtime=${spanMs}ms`,
  ]);
  const late = sleep(mostMs, null, { ref: false });
  const [cost, text] = await Promise.all([
    sleep(FIO_METER_MS).then(() => meter(child.pid, spanMs - FIO_METER_MS, process.pid)),
    Promise.race([child.text, late]),
  ]);
  if (text === null) {
    child.end();
    return null;
  }
  const [job] = (JSON.parse(text) as FioJson).jobs;
  if (job === undefined) return null;
  const side = job.read.total_ios > 0 ? job.read : job.write;
  return showing(side.iops, cost, fioLatency(side), job.total_err ?? 0);
}

interface FioChild {
  readonly pid: number;
  /** What it says as JSON. */
  readonly text: Promise<string>;
  end(): void;
}

/** What both tools do alike: its io_uring engine at its best, and nothing that one does and the other does not. */
export function fioArguments(words: readonly string[]): string[] {
  return [
    '--name=bench',
    '--ioengine=io_uring',
    '--registerfiles',
    '--fixedbufs',
    '--norandommap',
    '--randrepeat=0',
    // What is cached stays so for both; what is written is one random buffer again and again, as ours.
    '--invalidate=0',
    '--scramble_buffers=0',
    '--time_based',
    '--lat_percentiles=1',
    '--clat_percentiles=0',
    '--percentile_list=50:90:99:99.9',
    '--output-format=json',
    ...words,
  ];
}

function startFio(words: readonly string[]): FioChild {
  const child: ChildProcess = spawn('fio', fioArguments(words), { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return {
    pid: child.pid ?? 0,
    text: once(child, 'close').then(() => text),
    end: () => void child.kill('SIGKILL'),
  };
}
