/**
 * Bench `io-latency`: percentiles of latency beside fio's, on a disk whose latency is known: it answers each read after one
 * of four times, each a known share of the reads, and notes when each came and was answered.
 */
import { execFileSync } from 'node:child_process';
import { meanOf } from '../core/metrics/confidence.js';
import type { Bench } from './bench.js';
import { runBrunt, seriesOf } from './support/brunt.js';
import type { Told } from './support/fault-file.js';
import { FaultFile } from './support/fault-file.js';
import type { FioJson, Latency, Quantile } from './support/io-contest.js';
import { fioArguments, fioLatency, QUANTILES } from './support/io-contest.js';
import { keepFolder } from './support/leftovers.js';
import { peerVersion } from './support/peers.js';
import type { DelayStep } from './support/programs/fault-disk.js';

const FILE_BYTES = 32 * 2 ** 20;
/** What serves the file (FUSE) lets requests wait for each other: of one at a time the latency is the disk's. */
const DEPTH = 1;
/** Long enough for a thousand reads: of fewer neither tool tells a p99. */
const SPAN_S = 15;
const ROUNDS = 4;
/** Each percentile lies in the midst of a step: chance in who is slow does not move it. */
const STEPS: readonly DelayStep[] = [
  { share: 0.7, ms: 8 },
  { share: 0.285, ms: 20 },
  { share: 0.012, ms: 40 },
  { share: 0.003, ms: 80 },
];
const JUDGED = ['p50', 'p90', 'p99'] as const satisfies readonly Quantile[];
const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;
const IS_MS = { p50: 8, p90: 20, p99: 40 } as const;
/** Half a bin of each: 1/256 (brunt) and 1/128 (fio), added up. */
const STATED = 1 / 256 + 1 / 128;

/** One tool in one round: what it says, and what the disk noted of the same reads; in ns. */
interface Side {
  readonly told: Latency;
  readonly noted: Latency;
}

export const ioLatency: Bench = {
  name: 'io-latency',
  title: 'Latency percentiles beside fio',
  about: [
    'Random reads of 4 KiB, past the page cache, from a file on a disk that answers after 8 ms (of 1000 reads 700), 20 ms (285),',
    `40 ms (12) or 80 ms (3): an NBD server of this repository behind nbdfuse. ${DEPTH} in flight, by io_uring, ${SPAN_S} s by`,
    `each tool in each of ${ROUNDS} rounds, in turn; from the hand-over to the end, as each tool says it. On a machine that others`,
    'share the disk is late at times, and p99 is of few reads: two tools that are both right differ by that. So the disk notes',
    'when each read came and was answered, and what is held against each other is by how much each tool says more than the disk',
    'took for the same reads. fio’s bins are 0.78 % wide at each side, brunt’s 0.39 %: where both are right they are no further',
    'apart than both together. The interval is of the mean of the rounds (95 %, Student’s t).',
  ].join('\n'),
  async run(out, flags) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian package fio');
    const what = 'p50, p90 and p99: brunt less fio, each more than the disk, of fio’s, the most';
    const file = await FaultFile.open(FILE_BYTES);
    if (typeof file === 'string') {
      out.note(`Not measured: ${file}.`);
      out.aim({ what, is: '<=', limit: 100 * STATED, unit: '%', value: null, note: file });
      return;
    }
    const [ours, theirs]: [Side[], Side[]] = [[], []];
    try {
      file.say({ type: 'delay', steps: STEPS });
      for (let round = 0; round < (flags.isShort ? 1 : ROUNDS); round++) {
        const turns = [
          async (): Promise<unknown> => ours.push(await seen(file, () => byBrunt(file))),
          async (): Promise<unknown> =>
            fio === null ? null : theirs.push(await seen(file, () => byFio(file))),
        ];
        for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
      }
    } finally {
      await file.close();
    }
    let worst: number | null = null;
    for (const name of JUDGED) {
      const more = (sides: readonly Side[]): number[] =>
        sides.map(({ told, noted }) => ((told[name] ?? NaN) - (noted[name] ?? NaN)) / 1e6);
      const [oursMore, theirsMore] = [more(ours), more(theirs)];
      const toldMs = (sides: readonly Side[]): number | null =>
        known(mean(sides.map(({ told }) => (told[name] ?? NaN) / 1e6)));
      const fioMs = toldMs(theirs);
      const apart = oursMore.map((ms, i) => (100 * (ms - (theirsMore[i] ?? NaN))) / (fioMs ?? NaN));
      const middle = known(mean(apart));
      if (middle !== null) worst = Math.max(worst ?? 0, Math.abs(middle));
      out.row('Latency', {
        percentile: name,
        'the disk is to take, ms': IS_MS[name],
        'brunt, ms': toldMs(ours),
        'more than the disk, ms': known(mean(oursMore)),
        'fio, ms': fioMs,
        'fio: more than the disk, ms': known(mean(theirsMore)),
        'apart, %': middle,
        '±': middle === null ? null : (meanOf(apart)?.plusMinus ?? null),
      });
    }
    const note = fio === null ? { note: 'fio is not here' } : {};
    out.aim({ what, is: '<=', limit: 100 * STATED, unit: '%', value: worst, ...note });
  },
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

async function seen(file: FaultFile, tool: () => Promise<Latency>): Promise<Side> {
  file.say({ type: 'note' });
  const told = await tool();
  return { told, noted: notedBy(await file.tell()) };
}

/** The same percentiles, of the reads that the disk answered, from when it had each until it had sent the answer. */
function notedBy({ noted }: Told): Latency {
  const tookMs = noted.flatMap(({ cameMs, answeredMs }) =>
    answeredMs === null ? [] : [answeredMs - cameMs],
  );
  tookMs.sort((a, b) => a - b);
  const at = (name: (typeof JUDGED)[number]): number | null => {
    const ms = tookMs[Math.ceil(SHARES[name] * tookMs.length) - 1];
    return ms === undefined ? null : ms * 1e6;
  };
  return { p50: at('p50'), p90: at('p90'), p99: at('p99'), 'p99.9': null };
}

async function byBrunt(file: FaultFile): Promise<Latency> {
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
      phases: [{ name: 'load', duration: `${SPAN_S}s`, load: { reads: '100%' } }],
    });
    const quantiles = seriesOf(summary, 'op.service', { op: 'read' })?.quantiles ?? null;
    return Object.fromEntries(QUANTILES.map((name) => [name, quantiles?.[name] ?? null])) as Latency;
  } finally {
    folder.remove();
  }
}

function byFio(file: FaultFile): Promise<Latency> {
  const words = [
    `--filename=${file.path}`,
    `--size=${FILE_BYTES}`,
    '--rw=randread',
    '--bs=4k',
    '--direct=1',
    `--iodepth=${DEPTH}`,
    '--allow_file_create=0',
    `--runtime=${SPAN_S}s`,
  ];
  const told = JSON.parse(execFileSync('fio', fioArguments(words), { encoding: 'utf8' })) as FioJson;
  const read = told.jobs[0]?.read;
  if (read === undefined) throw new Error('fio said nothing of its reads');
  return Promise.resolve(fioLatency(read));
}
