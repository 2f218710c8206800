/**
 * Bench `io-latency`: percentiles of latency beside fio's, on a disk whose latency is known: it answers each read after one
 * of four times, each a known share of the reads.
 */
import { execFileSync } from 'node:child_process';
import type { Bench, BenchFlags } from './bench.js';
import { runBrunt, seriesOf } from './support/brunt.js';
import { FaultFile } from './support/fault-file.js';
import type { FioJson, Latency } from './support/io-contest.js';
import { fioArguments, fioLatency, QUANTILES } from './support/io-contest.js';
import { keepFolder } from './support/leftovers.js';
import { peerVersion } from './support/peers.js';
import type { DelayStep } from './support/programs/fault-disk.js';
import { median } from './support/stats.js';

const FILE_BYTES = 32 * 2 ** 20;
/** What serves the file (FUSE) lets requests wait for each other: of one at a time the latency is the disk's. */
const DEPTH = 1;
const SPAN_S = 24;
const ROUNDS = 2;
/** Each percentile lies in the midst of a step: chance in who is slow does not move it. */
const STEPS: readonly DelayStep[] = [
  { share: 0.7, ms: 8 },
  { share: 0.25, ms: 20 },
  { share: 0.045, ms: 40 },
  { share: 0.005, ms: 80 },
];
const IS_MS = { p50: 8, p90: 20, p99: 40, 'p99.9': 80 } as const;
/** Half a bin of each: 1/256 (brunt) and 1/128 (fio), added up. */
const STATED = 1 / 256 + 1 / 128;

export const ioLatency: Bench = {
  name: 'io-latency',
  title: 'Latency percentiles beside fio',
  about: [
    'Random reads of 4 KiB, past the page cache, from a file on a disk that answers after 8 ms (of 1000 reads 700), 20 ms (250),',
    `40 ms (45) or 80 ms (5): an NBD server of this repository behind nbdfuse. ${DEPTH} in flight, by io_uring, ${SPAN_S} s by`,
    `each tool in each of ${ROUNDS} rounds, in turn; from the hand-over to the end, as each tool says it. The disk’s own timers are late`,
    'by up to a millisecond, for both. fio’s bins are 0.78 % wide at each side, brunt’s 0.39 %: where both are right they are',
    'no further apart than both together.',
  ].join('\n'),
  async run(out, flags) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian package fio');
    const what = 'p50, p90 and p99: brunt less fio, of fio’s, the most';
    const file = await FaultFile.open(FILE_BYTES);
    if (typeof file === 'string') {
      out.note(`Not measured: ${file}.`);
      out.aim({ what, is: '<=', limit: 100 * STATED, unit: '%', value: null, note: file });
      return;
    }
    const [ours, theirs]: [Latency[], Latency[]] = [[], []];
    try {
      file.say({ type: 'delay', steps: STEPS });
      for (let round = 0; round < (flags.isShort ? 1 : ROUNDS); round++) {
        ours.push(await byBrunt(file, flags));
        if (fio !== null) theirs.push(byFio(file, flags));
      }
    } finally {
      await file.close();
    }
    let worst: number | null = null;
    for (const name of QUANTILES) {
      const of = (all: readonly Latency[]): number | null => {
        const known = all.flatMap((latency) => latency[name] ?? []);
        return known.length === 0 ? null : median(known) / 1e6;
      };
      const [brunt, other] = [of(ours), of(theirs)];
      const apart = brunt === null || other === null ? null : (100 * (brunt - other)) / other;
      // Beyond the 99th lie too few for chance to be small beside the stated errors.
      if (apart !== null && name !== 'p99.9') worst = Math.max(worst ?? 0, Math.abs(apart));
      out.row('Latency', {
        percentile: name,
        'the disk, ms': IS_MS[name],
        'brunt, ms': brunt,
        'fio, ms': other,
        'apart, %': apart,
      });
    }
    const note = fio === null ? { note: 'fio is not here' } : {};
    out.aim({ what, is: '<=', limit: 100 * STATED, unit: '%', value: worst, ...note });
  },
};

async function byBrunt(file: FaultFile, flags: BenchFlags): Promise<Latency> {
  const folder = keepFolder('runs');
  try {
    const { summary } = await runBrunt(folder.path, {
      version: 1,
      safety: { writablePaths: [file.path] },
      actors: {
        reads: {
          uses: 'disk',
          peak: String(DEPTH),
          with: { path: file.path, size: `${FILE_BYTES}B`, direct: true, engine: 'io_uring' },
        },
      },
      phases: [{ name: 'load', duration: `${spanS(flags)}s`, load: { reads: '100%' } }],
    });
    const quantiles = seriesOf(summary, 'op.service', { op: 'read' })?.quantiles ?? null;
    return Object.fromEntries(QUANTILES.map((name) => [name, quantiles?.[name] ?? null])) as Latency;
  } finally {
    folder.remove();
  }
}

function byFio(file: FaultFile, flags: BenchFlags): Latency {
  const words = [
    `--filename=${file.path}`,
    `--size=${FILE_BYTES}`,
    '--rw=randread',
    '--bs=4k',
    '--direct=1',
    `--iodepth=${DEPTH}`,
    '--allow_file_create=0',
    `--runtime=${spanS(flags)}s`,
  ];
  const told = JSON.parse(execFileSync('fio', fioArguments(words), { encoding: 'utf8' })) as FioJson;
  const read = told.jobs[0]?.read;
  if (read === undefined) throw new Error('fio said nothing of its reads');
  return fioLatency(read);
}

function spanS({ isShort }: BenchFlags): number {
  return isShort ? SPAN_S / 4 : SPAN_S;
}
