/**
 * `bench stall`: a disk that freezes for a second while it is read at a steady rate, and what each tool says of the
 * latency. What it must say is known by arithmetic.
 */
import { execFileSync } from 'node:child_process';
import type { Bench, BenchOutput } from './bench.js';
import { runBrunt, seriesOf } from './support/brunt.js';
import { FaultFile } from './support/fault-file.js';
import { peerVersion } from './support/peers.js';
import { keepFolder } from './support/leftovers.js';

const FILE_BYTES = 32 * 2 ** 20;
const RATE = 1000;
const RUN_S = 8;
const STALL_S = 1;
const STALL_AFTER_MS = 3000;

interface Seen {
  readonly tool: string;
  readonly operations: number;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

export const stall: Bench = {
  name: 'stall',
  title: 'A disk that stalls',
  about: [
    `${RATE} reads a second for ${RUN_S} s from a file on a disk that answers nothing for ${STALL_S} s in the middle (an NBD`,
    'server of this repository behind nbdfuse). Of the requests that were due, one in eight fell into the stall: by',
    'arithmetic p90 is 200 ms and p99 is 920 ms. Latency counts from when a request was due; a tool that waits for the disk',
    'before it sends the next one never asks in the worst moments.',
  ].join('\n'),
  async run(out, { isShort }) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian: fio');
    const file = await FaultFile.open(FILE_BYTES);
    if (typeof file === 'string') {
      out.note(`Not measured: ${file}.`);
      out.aim({
        what: 'p99 that brunt reports, share of what it must be',
        is: '>=',
        limit: 0.95,
        unit: '',
        value: null,
      });
      return;
    }
    try {
      for (let round = 0; round < (isShort ? 1 : 3); round++) {
        tell(out, round, await bruntSees(file));
        if (fio === null) continue;
        for (const depth of [1, 16]) tell(out, round, fioSees(file, depth));
      }
    } finally {
      await file.close();
    }
  },
};

/** Of latencies that are otherwise next to nothing. */
function mustBeMs(quantile: number): number {
  return (STALL_S - (1 - quantile) * RUN_S) * 1000;
}

function tell(out: BenchOutput, round: number, { tool, operations, p90Ms, p99Ms, maxMs }: Seen): void {
  out.row(`A stall of ${STALL_S} s in ${RUN_S} s`, {
    tool,
    round: round + 1,
    operations,
    'p90 ms': p90Ms,
    'p99 ms': p99Ms,
    'max ms': maxMs,
    'p99, must be': mustBeMs(0.99),
  });
  if (tool !== 'brunt' || round > 0) return;
  const share = p99Ms === null ? null : p99Ms / mustBeMs(0.99);
  out.aim({
    what: 'p99 that brunt reports, share of what it must be',
    is: '>=',
    limit: 0.95,
    unit: '',
    value: share,
  });
  // Those that wait when the disk is back are served one after the other: the last of them wait longer than the stall.
  out.aim({
    what: 'p99 that brunt reports, of what it must be, at most',
    is: '<=',
    limit: 1.1,
    unit: '',
    value: share,
    note: 'what has queued up is read after the stall, by as many workers as the kernel takes',
  });
}

async function bruntSees(file: FaultFile): Promise<Seen> {
  const kept = keepFolder('stall');
  const folder = kept.path;
  try {
    file.say({ type: 'freeze', ms: STALL_S * 1000, afterMs: STALL_AFTER_MS });
    const { summary } = await runBrunt(folder, {
      version: 1,
      safety: { writablePaths: [file.path] },
      actors: {
        reads: {
          uses: 'disk',
          peak: `${RATE}/s`,
          inFlight: RATE * 2,
          with: { path: file.path, size: `${FILE_BYTES}B`, direct: true },
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

function fioSees(file: FaultFile, depth: number): Seen {
  file.say({ type: 'freeze', ms: STALL_S * 1000, afterMs: STALL_AFTER_MS });
  const args = [
    '--name=stall',
    `--filename=${file.path}`,
    '--rw=randread',
    '--bs=4k',
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
  };
}
