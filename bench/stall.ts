/**
 * `bench stall`: a disk that freezes for a second while it is read at a steady rate, and what each tool says of the
 * latency. What it must say is known by arithmetic, and exactly by the disk's own notes of when it answered each read.
 */
import { execFileSync } from 'node:child_process';
import type { Bench, BenchOutput } from './bench.js';
import { runBrunt, seriesOf } from './support/brunt.js';
import type { Told } from './support/fault-file.js';
import { FaultFile } from './support/fault-file.js';
import { peerVersion } from './support/peers.js';
import { keepFolder } from './support/leftovers.js';

const FILE_BYTES = 32 * 2 ** 20;
const BLOCK_BYTES = 4096;
const RATE = 1000;
const RUN_S = 8;
const STALL_S = 1;
const STALL_AFTER_MS = 3000;
const ROUNDS = 2;
/** brunt's bins are half so wide; the way back from the disk takes as long as any other read. */
const OFF_PERCENT = 1;

interface Seen {
  readonly tool: string;
  readonly operations: number;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** By the disk's notes. */
  readonly trueP99Ms: number;
}

export const stall: Bench = {
  name: 'stall',
  title: 'A disk that stalls',
  about: [
    `${RATE} reads a second for ${RUN_S} s, one block after the other, from a file on a disk that answers nothing for ${STALL_S} s in the`,
    'midst (an NBD server of this repository behind nbdfuse). Of the requests that were due, one in eight fell into the stall: by',
    'arithmetic p90 is 200 ms and p99 is 920 ms, if all that waits is read at once when the disk is back. It is not: how long',
    'that took in each run the disk itself has noted, read by read, so that what p99 must be is known exactly. Latency counts',
    'from when a request was due; a tool that waits for the disk before it sends the next one never asks in the worst moments.',
  ].join('\n'),
  async run(out, { isShort }) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian: fio');
    const file = await FaultFile.open(FILE_BYTES);
    if (typeof file === 'string') out.note(`Not measured: ${file}.`);
    const seen: Seen[] = [];
    try {
      for (let round = 0; typeof file !== 'string' && round < (isShort ? 1 : ROUNDS); round++) {
        const ours = await bruntSees(file);
        seen.push(ours);
        tell(out, round, ours);
        if (fio === null) continue;
        for (const depth of [1, 16]) tell(out, round, await fioSees(file, depth));
      }
    } finally {
      if (typeof file !== 'string') await file.close();
    }
    judge(out, seen);
  },
};

/** Of latencies that are otherwise next to nothing, and a disk that reads all that waits at once. */
function mustBeMs(quantile: number): number {
  return (STALL_S - (1 - quantile) * RUN_S) * 1000;
}

/**
 * What p99 is by the disk's notes: block k was due k/RATE after the first one. When that was is told by the read that
 * came soonest after it was due, of those before the stall.
 */
function trueP99Ms({ noted }: Told): number {
  const dueMs = (offset: number): number => (offset / BLOCK_BYTES) * (1000 / RATE);
  const calm = noted.filter(({ offset }) => dueMs(offset) < STALL_AFTER_MS / 2);
  const firstMs = Math.min(...calm.map(({ offset, cameMs }) => cameMs - dueMs(offset)));
  const lateMs = noted.map(({ offset, answeredMs }) => (answeredMs ?? Infinity) - firstMs - dueMs(offset));
  return lateMs.sort((a, b) => a - b)[Math.ceil(0.99 * lateMs.length) - 1] ?? NaN;
}

function tell(
  out: BenchOutput,
  round: number,
  { tool, operations, p90Ms, p99Ms, maxMs, trueP99Ms }: Seen,
): void {
  out.row(`A stall of ${STALL_S} s in ${RUN_S} s`, {
    tool,
    round: round + 1,
    operations,
    'p90 ms': p90Ms,
    'p99 ms': p99Ms,
    'max ms': maxMs,
    'p99 by the disk’s notes': trueP99Ms,
    'p99 by arithmetic': mustBeMs(0.99),
  });
}

/** The worst of all rounds; nothing is judged where nothing was measured. */
function judge(out: BenchOutput, seen: readonly Seen[]): void {
  const p99 = seen.map(({ p99Ms }) => p99Ms ?? NaN);
  const worst = (values: readonly number[], pick: (...all: number[]) => number): number | null =>
    values.length === 0 ? null : pick(...values);
  const off = seen.map(({ trueP99Ms }, i) => 100 * Math.abs((p99[i] ?? NaN) / trueP99Ms - 1));
  const ofArithmetic = p99.map((ms) => ms / mustBeMs(0.99));
  out.aim({
    what: 'p99 that brunt reports, off what the disk’s notes say',
    is: '<=',
    limit: OFF_PERCENT,
    unit: '%',
    value: worst(off, Math.max),
  });
  out.aim({
    what: 'p99 that brunt reports, share of what it is by arithmetic',
    is: '>=',
    limit: 0.95,
    unit: '',
    value: worst(ofArithmetic, Math.min),
  });
  // Those that wait when the disk is back are served one after the other: the last of them wait longer than the stall.
  out.aim({
    what: 'p99 that brunt reports, of what it is by arithmetic, at most',
    is: '<=',
    limit: 1.1,
    unit: '',
    value: worst(ofArithmetic, Math.max),
    note: 'what has queued up is read one after the other once the disk is back',
  });
}

async function bruntSees(file: FaultFile): Promise<Seen> {
  const kept = keepFolder('stall');
  const folder = kept.path;
  try {
    file.say({ type: 'note' });
    file.say({ type: 'freeze', ms: STALL_S * 1000, afterMs: STALL_AFTER_MS });
    const { summary } = await runBrunt(folder, {
      version: 1,
      safety: { writablePaths: [file.path] },
      actors: {
        reads: {
          uses: 'disk',
          peak: `${RATE}/s`,
          inFlight: RATE * 2,
          with: { path: file.path, size: `${FILE_BYTES}B`, direct: true, access: 'sequential' },
        },
      },
      phases: [{ name: 'load', duration: `${RUN_S}s`, load: { reads: '100%' } }],
    });
    const latency = seriesOf(summary, 'op.latency', { op: 'read' });
    const ms = (ns: number | null | undefined): number | null => (typeof ns === 'number' ? ns / 1e6 : null);
    const { quantiles, max, count } = latency ?? {};
    return {
      tool: 'brunt',
      operations: count ?? 0,
      p90Ms: ms(quantiles?.p90),
      p99Ms: ms(quantiles?.p99),
      maxMs: ms(max),
      trueP99Ms: trueP99Ms(await file.tell()),
    };
  } finally {
    kept.remove();
  }
}

interface FioJson {
  readonly jobs: readonly {
    readonly read: {
      readonly total_ios: number;
      readonly clat_ns: { readonly max: number; readonly percentile?: Readonly<Record<string, number>> };
    };
  }[];
}

async function fioSees(file: FaultFile, depth: number): Promise<Seen> {
  file.say({ type: 'note' });
  file.say({ type: 'freeze', ms: STALL_S * 1000, afterMs: STALL_AFTER_MS });
  const args = [
    '--name=stall',
    `--filename=${file.path}`,
    '--rw=read',
    `--bs=${BLOCK_BYTES}`,
    '--direct=1',
    '--ioengine=io_uring',
    `--iodepth=${depth}`,
    `--rate_iops=${RATE}`,
    `--runtime=${RUN_S}`,
    '--time_based',
    `--size=${FILE_BYTES}`,
    '--allow_file_create=0',
    '--percentile_list=90:99',
    '--output-format=json',
  ];
  const told = JSON.parse(execFileSync('fio', args, { encoding: 'utf8' })) as FioJson;
  const read = told.jobs[0]?.read;
  const at = (percent: string): number | null => {
    const ns = read?.clat_ns.percentile?.[percent];
    return ns === undefined ? null : ns / 1e6;
  };
  return {
    tool: `fio, iodepth ${depth}`,
    operations: read?.total_ios ?? 0,
    p90Ms: at('90.000000'),
    p99Ms: at('99.000000'),
    maxMs: read === undefined ? null : read.clat_ns.max / 1e6,
    trueP99Ms: trueP99Ms(await file.tell()),
  };
}
