/**
 * Bench `io-rate`: Poisson arrivals beside fio's `rate_process=poisson`, on a file in the page cache: whether the rate that
 * is asked is the rate that is done, and whether the gaps between operations are those of a Poisson process.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../cli/library.js';
import type { Bench, BenchFlags } from './bench.js';
import { distanceInTicks } from './support/exponential.js';
import type { FioJson } from './support/io-contest.js';
import { fioArguments } from './support/io-contest.js';
import { bigFile } from './support/io-targets.js';
import { keepFolder } from './support/leftovers.js';
import { peerVersion } from './support/peers.js';
import { median, quantile } from './support/stats.js';

const RATES = [1_000, 10_000, 100_000, 300_000];
const IN_FLIGHT = 64;
const FILE_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 4096;
const SPAN_MS = 4000;
/** Gaps are looked at in runs of their own: what notes each operation is not to slow what is counted. */
const NOTED_MS = 3000;
/** In turn with fio’s: whoever else has a core for a moment is met by either tool, and told by the median from what recurs. */
const ROUNDS = 3;
const US = 1000;
/** The start of a run is no sample of its rate. */
const SETTLE_MS = 1000;
const PLUGIN = fileURLToPath(new URL('./support/plugins/io.js', import.meta.url));

/** Of so many gaps, and how far they are from those of Poisson's process. */
interface Gaps {
  readonly count: number;
  readonly distance: number;
  /** Begun so long after it was due, in µs; null: the tool does not say. */
  readonly lateP50: number | null;
  readonly lateP99: number | null;
}

interface Done {
  readonly operations: number;
  readonly seconds: number;
}

export const ioRate: Bench = {
  name: 'io-rate',
  title: 'Poisson arrivals beside fio',
  about: [
    `Reads of 4 KiB at random from a file of ${FILE_BYTES / 2 ** 20} MiB in the page cache, by io_uring with at most ${IN_FLIGHT} in`,
    `flight, as a Poisson process of the rate that is asked (with \`pacing: precise\`; fio spins too): what was done in ${SPAN_MS / 1000} s, by each tool’s own count, and how`,
    'far that is from what was asked, also in standard deviations of a Poisson count (chance alone stays within 3). Then the',
    `gaps between the operations of ${(NOTED_MS - SETTLE_MS) / 1000} s, as each was begun (brunt: noted by the plugin; fio: its \`--write_iolog\`), of both`,
    'in the whole µs that fio knows, against what a clock of whole µs sees of a Poisson process of the asked rate: the largest',
    `distance between the two distribution functions (Kolmogorov and Smirnov), nothing fitted, median of ${ROUNDS} rounds in turn. One`,
    'thread begins no two operations closer together than one takes it: at high rates that is the distance, of either tool.',
  ].join('\n'),
  async run(out, flags) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian package fio');
    const file = bigFile(FILE_BYTES);
    let [worstSd, leastDone, worstGaps] = [0, 1, fio === null ? null : 0];
    try {
      for (const rate of flags.isShort ? [10_000, 300_000] : RATES) {
        const { done, ofDue } = await oneRun(file.path, rate, flags, null);
        worstSd = Math.max(worstSd, Math.abs(deviations(done, rate)));
        leastDone = Math.min(leastDone, ofDue);
        const theirs = fio === null ? null : doneByFio(file.path, rate, flags);
        const [ours, others]: [Gaps[], Gaps[]] = [[], []];
        for (let round = 0; round < (flags.isShort ? 1 : ROUNDS); round++) {
          ours.push(await gapsOfBrunt(file.path, rate, { ...flags, seed: flags.seed + round }));
          if (fio !== null) others.push(gapsOfFio(file.path, rate, flags));
        }
        tell('brunt', rate, done, ours);
        if (theirs === null) continue;
        tell('fio', rate, theirs, others);
        worstGaps = Math.max(
          worstGaps ?? 0,
          median(ours.map(beyondChance)) / median(others.map(beyondChance)),
        );
      }
    } finally {
      file.remove();
    }
    const ofAll = 'the worst of all rates';
    out.aim({
      what: 'brunt: done less asked',
      is: '<=',
      limit: 3,
      unit: 'standard deviations',
      value: worstSd,
      note: ofAll,
    });
    out.aim({
      what: 'brunt: done, of what was due',
      is: '>=',
      limit: 0.999,
      unit: '',
      value: leastDone,
      note: ofAll,
    });
    out.aim({
      what: 'gaps as begun: distance from Poisson, of fio’s',
      is: '<=',
      limit: 1,
      unit: '',
      value: worstGaps,
      note:
        fio === null
          ? 'fio is not here'
          : `${ofAll}; a distance that chance explains counts as that of chance`,
    });

    function tell(tool: string, rate: number, done: Done, rounds: readonly Gaps[]): void {
      const perSecond = done.operations / done.seconds;
      const distance = median(rounds.map((gaps) => gaps.distance));
      const late = (of: 'lateP50' | 'lateP99'): number | null => {
        const known = rounds.flatMap((gaps) => gaps[of] ?? []);
        return known.length === 0 ? null : median(known);
      };
      out.say(
        `${tool} at ${rate}/s: ${perSecond.toFixed(0)}/s, gaps ${distance.toFixed(4)} from Poisson (${rounds.map((one) => one.distance.toFixed(4)).join(', ')})`,
      );
      out.row('Asked and done', {
        'asked, ops/s': rate,
        tool,
        'done, ops/s': perSecond,
        'off, %': (100 * (perSecond - rate)) / rate,
        'off, standard deviations': deviations(done, rate),
        'gaps: KS distance': distance,
        'begun late, µs: p50': late('lateP50'),
        p99: late('lateP99'),
      });
    }
  },
};

/** Of a count that Poisson's process would have: its variance is its mean. */
function deviations({ operations, seconds }: Done, rate: number): number {
  const mean = rate * seconds;
  return (operations - mean) / Math.sqrt(mean);
}

/** A distance that a true Poisson process of so many gaps has once in a hundred times says no more than that. */
function beyondChance({ count, distance }: Gaps): number {
  return Math.max(distance, 1.63 / Math.sqrt(count));
}

async function gapsOfBrunt(path: string, rate: number, flags: BenchFlags): Promise<Gaps> {
  const folder = keepFolder('gaps');
  try {
    const notes = join(folder.path, 'notes');
    await oneRun(path, rate, flags, notes);
    const bytes = readFileSync(notes);
    // Pairs: due, begun.
    const pairs = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const begun = pairs.filter((_, i) => i % 2 === 1);
    // As with the gaps: what fell due while the engine was being opened is no sample.
    const settledNs = (pairs[0] ?? NaN) + SETTLE_MS * 1000 * US;
    const late = Array.from(begun, (ns, i) => [pairs[2 * i] ?? NaN, ns] as const)
      .filter(([due]) => due >= settledNs)
      .map(([due, ns]) => (ns - due) / US);
    return {
      ...fitOf(
        begun.map((ns) => Math.floor(ns / US)),
        rate,
      ),
      lateP50: quantile(late, 0.5),
      lateP99: quantile(late, 0.99),
    };
  } finally {
    folder.remove();
  }
}

/** What was begun in the span, and how much of what was due was done. */
async function oneRun(path: string, rate: number, flags: BenchFlags, notes: string | null) {
  const folder = keepFolder('runs');
  const spanMs = spanOf(notes === null ? SPAN_MS : NOTED_MS, flags);
  try {
    const summary = await run(
      {
        version: 1,
        name: 'bench-io-rate',
        plugins: { 'bench-io': PLUGIN },
        actors: {
          io: {
            uses: 'bench-io',
            peak: `${rate}/s`,
            arrival: 'poisson',
            pacing: 'precise',
            inFlight: IN_FLIGHT,
            with: {
              path,
              areaBytes: FILE_BYTES,
              blockBytes: BLOCK_BYTES,
              engine: 'io_uring',
              direct: false,
              ...(notes !== null && { notes }),
            },
          },
        },
        phases: [
          { name: 'settle', duration: `${SETTLE_MS}ms`, load: { io: '100%' }, measure: false },
          { name: 'span', duration: `${spanMs}ms`, load: { io: '100%' } },
        ],
      },
      { runsDir: folder.path, seed: flags.seed, profile: 'lab' },
    );
    const phase = summary.phases.find(({ name }) => name === 'span');
    const total = (metric: string): number =>
      (phase?.series ?? [])
        .filter((one) => one.metric === metric)
        .reduce((sum, { count }) => sum + (count ?? 0), 0);
    if (summary.verdict !== 'passed' || phase === undefined)
      throw new Error(`the run at ${rate}/s did not do: ${summary.reasons.join('; ')}`);
    const operations = total('op.count');
    return {
      done: { operations, seconds: phase.tookMs / 1000 },
      ofDue: Math.min(1, operations / total('op.due')),
    };
  } finally {
    folder.remove();
  }
}

function fioWords(path: string, rate: number, ms: number, ...more: readonly string[]): string[] {
  return fioArguments([
    `--filename=${path}`,
    `--size=${FILE_BYTES}`,
    '--rw=randread',
    `--bs=${BLOCK_BYTES}`,
    `--iodepth=${IN_FLIGHT}`,
    `--rate_iops=${rate}`,
    '--rate_process=poisson',
    `--runtime=${ms}ms`,
    ...more,
  ]);
}

function doneByFio(path: string, rate: number, flags: BenchFlags): Done {
  const told = execFileSync('fio', fioWords(path, rate, spanOf(SPAN_MS, flags)), { encoding: 'utf8' });
  const read = (JSON.parse(told) as FioJson).jobs[0]?.read;
  if (read === undefined) throw new Error('fio said nothing of its reads');
  return { operations: read.total_ios, seconds: read.total_ios / read.iops };
}

function gapsOfFio(path: string, rate: number, flags: BenchFlags): Gaps {
  const folder = keepFolder('gaps');
  try {
    const log = join(folder.path, 'log');
    execFileSync('fio', fioWords(path, rate, spanOf(NOTED_MS, flags), `--write_iolog=${log}`));
    // Version 3: microseconds, file, action, offset, bytes.
    const times = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[2] === 'read')
      .map((line) => Number(line.split(' ')[0]));
    return { ...fitOf(Float64Array.from(times), rate), lateP50: null, lateP99: null };
  } finally {
    folder.remove();
  }
}

function spanOf(ms: number, { isShort }: BenchFlags): number {
  return isShort ? ms / 2 : ms;
}

/** Of instants in whole µs. */
function fitOf(timesUs: Float64Array, rate: number): Pick<Gaps, 'count' | 'distance'> {
  const fromUs = (timesUs[0] ?? 0) + SETTLE_MS * 1000;
  const times = timesUs.filter((at) => at >= fromUs);
  const gaps = Float64Array.from(
    { length: Math.max(0, times.length - 1) },
    (_, i) => (times[i + 1] ?? 0) - (times[i] ?? 0),
  );
  return { count: gaps.length, distance: distanceInTicks(gaps, rate / 1e6) };
}
