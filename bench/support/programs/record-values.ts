/**
 * A thread that records values with one recorder, again and again: what to measure enters as its worker data, ns a value
 * of each round leave as its message. One thread for each recorder, so that none is compiled for the calls of another.
 */
import { build } from 'hdr-histogram-js';
import { createHistogram } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import prometheus from 'prom-client';
import { TDigest } from 'tdigest';
import { must } from '../../../core/base/assert.js';
import { nowNs } from '../../../core/base/clock.js';
import { openRecorders, recorderBytes } from '../../../core/metrics/recorder.js';

export interface RecordJob {
  readonly recorder: keyof typeof LOOPS;
  readonly values: Float64Array<SharedArrayBuffer>;
  readonly rounds: number;
}

const SPECS = { latency: { kind: 'trend', unit: 'ns', help: 'What is measured.' } } as const;

/** Each takes all values once; `loop` only reads them, as all the others do too. */
export const LOOPS = {
  loop: () => (values: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i] as number;
    return sum;
  },
  brunt: () => {
    const buffer = new SharedArrayBuffer(recorderBytes(SPECS));
    const ctx = { metrics: openRecorders(SPECS, buffer, nowNs) };
    return (values: Float64Array) => {
      for (let i = 0; i < values.length; i++) ctx.metrics.latency.record(values[i] as number);
    };
  },
  'hdr-histogram-js': () => {
    const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 2 ** 47 });
    return (values: Float64Array) => {
      for (let i = 0; i < values.length; i++) histogram.recordValue(values[i] as number);
    };
  },
  createHistogram: () => {
    const histogram = createHistogram({ lowest: 1, highest: 2 ** 47, figures: 3 });
    return (values: Float64Array) => {
      // It takes whole numbers only.
      for (let i = 0; i < values.length; i++) histogram.record(Math.ceil(values[i] as number));
    };
  },
  'prom-client histogram': () => {
    const buckets = prometheus.exponentialBuckets(1000, 2, 24);
    const histogram = new prometheus.Histogram({ name: 'h', help: 'h', buckets, registers: [] });
    return (values: Float64Array) => {
      for (let i = 0; i < values.length; i++) histogram.observe(values[i] as number);
    };
  },
  'tdigest push': () => {
    const digest = new TDigest();
    return (values: Float64Array) => {
      for (let i = 0; i < values.length; i++) digest.push(values[i] as number);
    };
  },
} satisfies Record<string, () => (values: Float64Array) => unknown>;

if (parentPort !== null) {
  const { recorder, values, rounds } = workerData as RecordJob;
  const loop = must(LOOPS[recorder], recorder)();
  const nsEach = Array.from({ length: rounds }, () => {
    const fromNs = nowNs();
    loop(values);
    return (nowNs() - fromNs) / values.length;
  });
  parentPort.postMessage(nsEach);
}
