/** Bench `recorder`: what a recorded trend value costs the thread of an actor, beside other recorders of distributions. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import { latencies } from './support/lognormal.js';
import type { RecordJob } from './support/programs/record-values.js';
import { median } from './support/stats.js';

const VALUES = 2 ** 20;
const ROUNDS = 15;
/** The first rounds are for the compiler. */
const WARM_ROUNDS = 3;
/** A push takes a microsecond: fewer values, or it would be most of the bench. */
const SLOW_VALUES = 2 ** 17;

const TABLE = 'Nanoseconds for each recorded value';

/** What each keeps, and what it does with a value that is no number. */
const CONTESTANTS: readonly (readonly [RecordJob['recorder'], string])[] = [
  ['loop', 'nothing: what reading the values costs in every row'],
  ['brunt', 'bins of 1/128 octave in shared memory; exact count, sum, min, max; refuses what is not finite'],
  ['hdr-histogram-js', 'three figures; no sum; takes NaN'],
  ['createHistogram', 'three figures of whole numbers; min, max; throws at NaN'],
  ['prom-client histogram', '24 buckets; sum; throws at NaN'],
  ['tdigest push', 'centroids; NaN spoils it'],
];

export const recorder: Bench = {
  name: 'recorder',
  title: 'Recorder: one value of a trend',
  about:
    `On a worker thread of its own, \`ctx.metrics.latency.record(value)\` with ${VALUES} varied values (log-normal with a ` +
    'heavy tail), again and again; each peer the same values with its own call. Figures are of the median round and hold the ' +
    'cost of the loop, which the first row states by itself.',
  run: measure,
};

async function measure(out: BenchOutput, { isShort, seed }: BenchFlags): Promise<void> {
  const require = createRequire(import.meta.url);
  for (const name of ['hdr-histogram-js', 'prom-client', 'tdigest']) {
    out.peer(name, (require(`${name}/package.json`) as { version: string }).version);
  }
  const values = latencies(VALUES, seed, 'recorder');
  const rounds = WARM_ROUNDS + (isShort ? 3 : ROUNDS);
  let loopNs = 0;
  let ownNs = 0;
  for (const [name, keeps] of CONTESTANTS) {
    const fewer = name === 'tdigest push' ? values.subarray(0, SLOW_VALUES) : values;
    const each = await recordOn({ recorder: name, values: fewer, rounds });
    const used = each.slice(WARM_ROUNDS);
    const ns = median(used);
    if (name === 'loop') loopNs = ns;
    if (name === 'brunt') ownNs = ns;
    out.row(TABLE, { recorder: name, 'ns, median': ns, 'ns, best round': Math.min(...used), keeps });
  }
  out.aim({
    what: 'a value recorded, without the loop',
    is: '<=',
    limit: 15,
    unit: 'ns',
    value: ownNs - loopNs,
  });
}

async function recordOn(job: RecordJob): Promise<number[]> {
  const program = new URL('./support/programs/record-values.js', import.meta.url);
  const thread = new Worker(program, { workerData: job });
  const [nsEach] = (await once(thread, 'message')) as [number[]];
  await once(thread, 'exit');
  return nsEach;
}
