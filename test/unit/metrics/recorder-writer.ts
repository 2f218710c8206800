/** A writing thread for recorder.test.ts: records 1, 2, … count into the memory it is given. */
import { workerData } from 'node:worker_threads';
import type { MetricSpecs } from '../../../core/contract/metrics.js';
import { openRecorders } from '../../../core/metrics/recorder.js';
import type { TrendWriter } from '../../../core/metrics/recorder.js';

interface Input {
  readonly specs: MetricSpecs;
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
}
const { specs, buffer, count } = workerData as Input;
const recorders = openRecorders(specs, buffer, () => 0);
const time = recorders['time'] as unknown as TrendWriter;
for (let value = 1; value <= count; value++) time.record(value);
