/**
 * Whether the target leaks: the run's accumulator goes in, what its resident memory did over the measured phases comes
 * out, with figures and as a sentence. The summary says it.
 */
import { formatQuantity } from '../base/units.js';
import type { LeakSummary } from '../contract/summary.js';
import type { RunAccumulator } from './accumulate.js';
import { DRIFT_SAMPLES_MIN, driftOf } from './drift.js';

const SECONDS = 60;

export function leakOf(accumulator: RunAccumulator): LeakSummary {
  const [selection] = accumulator.select({ metric: 'target.rss', tags: {} });
  const samples = selection?.total.samples ?? [];
  const drift = driftOf(samples);
  if (drift === null) {
    const text = `not enough samples to see a leak (${samples.length} of at least ${DRIFT_SAMPLES_MIN} windows)`;
    return { verdict: 'unknown', bytesPerMinute: null, plusMinus: null, samples: samples.length, text };
  }
  const [slope, half] = [drift.perSecond * SECONDS, drift.plusMinus * SECONDS];
  const known = { bytesPerMinute: slope, plusMinus: half, samples: drift.samples };
  if (slope > half) return { verdict: 'leaks', ...known, text: `leaks ${withError(slope, half)}` };
  const most = `< ${formatQuantity(Math.max(0, slope + half), 'bytes')}/min`;
  return { verdict: 'none-seen', ...known, text: `no leak seen (${most})` };
}

/** "1.3 MiB/min ± 0.2": both in the unit of the first. */
function withError(slope: number, half: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, slope)) / 10)));
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'][power] ?? 'B';
  const [amount, error] = [slope / 1024 ** power, half / 1024 ** power];
  // Digits of the figure beyond its error say nothing; one of the error says enough.
  const digits = error > 0 ? Math.min(3, Math.max(0, -Math.floor(Math.log10(error)))) : 1;
  return `${amount.toFixed(digits)} ${unit}/min ± ${error.toFixed(digits)}`;
}
