/**
 * One point of the bench of I/O, done by brunt in a real run and by fio, over spans of the same length. Of each: operations
 * a second as it says itself, and processor time by the kernel's account from outside, over a span in its midst, so that
 * neither pays for its start.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nowNs, SECOND } from '../../core/base/clock.js';
import { run } from '../../cli/library.js';
import { machineBusyNs, processCpuNs, processTree } from './kernel-cpu.js';
import type { Pattern } from './plugins/io.js';

export interface Point {
  readonly path: string;
  readonly areaBytes: number;
  readonly pattern: Pattern;
  readonly blockBytes: number;
  readonly depth: number;
  readonly isDirect: boolean;
  readonly engine: 'auto' | 'io_uring';
}

export interface Showing {
  readonly perSecond: number;
  /** Of the whole machine, and of the tool's own processes with all their threads, in µs an operation. */
  readonly machineUs: number;
  readonly ownUs: number;
  readonly failed: number;
}

/** Before the span that is measured. */
const WARM_MS = 300;
/** fio is asked for this much more than the span, for its start and end. */
const FIO_START_MS = 300;
const PLUGIN = fileURLToPath(new URL('./plugins/io.js', import.meta.url));

/** Processor time since it was made, of the machine and of a process with its children. */
class Meter {
  readonly #pid: number;
  readonly #fromNs = nowNs();
  readonly #machineNs = machineBusyNs();
  readonly #ownNs: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#ownNs = this.#own();
  }

  /** The rate is told only afterwards: figures as of now, by a rate. */
  stop(): (perSecond: number) => Pick<Showing, 'machineUs' | 'ownUs'> {
    const [spanNs, machineNs, ownNs] = [
      nowNs() - this.#fromNs,
      machineBusyNs() - this.#machineNs,
      this.#own() - this.#ownNs,
    ];
    return (perSecond) => {
      const operations = (perSecond * spanNs) / SECOND;
      return { machineUs: machineNs / 1000 / operations, ownUs: ownNs / 1000 / operations };
    };
  }

  #own(): number {
    return processTree(this.#pid).reduce((sum, pid) => sum + processCpuNs(pid), 0);
  }
}

/** The whole chain: plan, agent, pacing, engine, recorders, windows. */
export async function byBrunt(point: Point, spanMs: number, seed: number): Promise<Showing> {
  const runsDir = mkdtempSync(join(tmpdir(), 'brunt-bench-runs-'));
  const { path, areaBytes, pattern, blockBytes, engine, isDirect } = point;
  let meter: Meter | null = null;
  let told: ReturnType<Meter['stop']> | null = null;
  const load = { io: '100%' };
  try {
    const summary = await run(
      {
        version: 1,
        name: 'bench-io',
        plugins: { 'bench-io': PLUGIN },
        actors: {
          io: {
            uses: 'bench-io',
            peak: String(point.depth),
            with: { path, areaBytes, pattern, blockBytes, engine, direct: isDirect },
          },
        },
        phases: [
          { name: 'warm', duration: `${WARM_MS}ms`, load, measure: false },
          { name: 'span', duration: `${spanMs}ms`, load },
        ],
      },
      {
        runsDir,
        seed,
        profile: 'lab',
        onEvent: (event) => {
          if (event.type === 'phase.started' && event.phase === 'span') meter = new Meter(process.pid);
          if (event.type === 'phase.ended' && event.phase === 'span') told = meter?.stop() ?? null;
        },
      },
    );
    const series = summary.phases.find(({ name }) => name === 'span')?.series ?? [];
    const total = (metric: string): number =>
      series.filter((one) => one.metric === metric).reduce((sum, { rate }) => sum + (rate ?? 0), 0);
    const perSecond = total('op.count');
    const cost = told as ReturnType<Meter['stop']> | null;
    if (summary.verdict !== 'passed' || cost === null || !(perSecond > 0))
      throw new Error(`the run of ${pattern} at ${path} did not do: ${summary.reasons.join('; ')}`);
    const failed = series
      .filter((one) => one.metric === 'op.failed.latency')
      .reduce((sum, { count }) => sum + (count ?? 0), 0);
    return { perSecond, failed, ...cost(perSecond) };
  } finally {
    rmSync(runsDir, { recursive: true, force: true });
  }
}

/** Same target, same options: registered files and buffers, no map of what was read, a new seed each time. */
export async function byFio(point: Point, spanMs: number): Promise<Showing> {
  const args = [
    '--name=bench',
    `--filename=${point.path}`,
    `--size=${point.areaBytes}`,
    `--rw=${point.pattern}`,
    `--bs=${point.blockBytes}`,
    `--iodepth=${point.depth}`,
    `--direct=${point.isDirect ? 1 : 0}`,
    '--ioengine=io_uring',
    '--registerfiles',
    '--fixedbufs',
    '--norandommap',
    '--randrepeat=0',
    // What is cached stays so for both; what is written is one random buffer again and again, as ours.
    '--invalidate=0',
    '--scramble_buffers=0',
    '--time_based',
    `--runtime=${FIO_START_MS + WARM_MS + spanMs}ms`,
    '--output-format=json',
  ];
  const child = spawn('fio', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await sleep(FIO_START_MS + WARM_MS);
  const meter = new Meter(child.pid ?? 0);
  await sleep(spanMs - 100);
  const told = meter.stop();
  await ended;
  const { jobs } = JSON.parse(text) as {
    readonly jobs: readonly {
      readonly read: FioSide;
      readonly write: FioSide;
      readonly total_err?: number;
    }[];
  };
  const perSecond = jobs.reduce((sum, { read, write }) => sum + read.iops + write.iops, 0);
  return { perSecond, failed: jobs[0]?.total_err ?? 0, ...told(perSecond) };
}

interface FioSide {
  readonly iops: number;
}
