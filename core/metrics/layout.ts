/**
 * Where each series of a set of metrics lies in a recorder's shared memory. Specs go in; offsets come out, the
 * same in every thread and process: metrics sorted by name, tags by name, tag values as declared.
 */
import type { MetricSpec, MetricSpecs, Tags } from '../contract/metrics.js';
import { BINS, OCTAVES } from './bins.js';

/** One series: `at` counts 8-byte words from the start of the memory. */
export interface Slot {
  readonly metric: string;
  readonly spec: MetricSpec;
  readonly tags: Tags;
  readonly at: number;
}

/** Word 0: values refused by all recorders of this memory. */
export const REFUSED_AT = 0;
const HEADER_WORDS = 1;

/** Extremes: one word of two Int32 (epoch, adopted), then min and max of each of two slots. */
export const EXTREMES_WORDS = 5;
/** Gauge: [Int32 version, unused], integral, covered ns, value, since ns, then extremes. */
export const GAUGE = { version: 0, integral: 1, covered: 2, value: 3, since: 4, extremes: 5 } as const;
/** Trend: sum, extremes, a count for each octave, a count for each bin. */
export const TREND = {
  sum: 0,
  extremes: 1,
  octaves: 1 + EXTREMES_WORDS,
  bins: 1 + EXTREMES_WORDS + OCTAVES,
} as const;

const WORDS = {
  counter: 1,
  ratio: 2,
  gauge: GAUGE.extremes + EXTREMES_WORDS,
  trend: TREND.bins + BINS,
} as const;

/** Every combination of the declared tag values, in order; one empty set without tags. */
export function tagCombinations(spec: MetricSpec): Tags[] {
  let combinations: Tags[] = [{}];
  for (const name of Object.keys(spec.tags ?? {}).sort()) {
    const values = spec.tags?.[name] ?? [];
    combinations = combinations.flatMap((tags) => values.map((value) => ({ ...tags, [name]: value })));
  }
  return combinations;
}

export function layoutOf(specs: MetricSpecs): { readonly slots: readonly Slot[]; readonly bytes: number } {
  const slots: Slot[] = [];
  let at = HEADER_WORDS;
  for (const metric of Object.keys(specs).sort()) {
    const spec = specs[metric];
    if (spec === undefined) continue;
    for (const tags of tagCombinations(spec)) {
      slots.push({ metric, spec, tags, at });
      at += WORDS[spec.kind];
    }
  }
  return { slots, bytes: at * 8 };
}

/** One spelling for a set of tags: sorted, so that equal sets give equal text. */
export function tagsKey(tags: Tags): string {
  const names = Object.keys(tags).sort();
  return names.map((name) => `${name}\u0001${tags[name] ?? ''}`).join('\u0002');
}

/** By the tags of a series, which stay the same object as long as it lives: the key of one is asked for each window. */
const keys = new WeakMap<Tags, { readonly metric: string; readonly key: string }>();

export function seriesKey(metric: string, tags: Tags): string {
  const known = keys.get(tags);
  if (known?.metric === metric) return known.key;
  const key = `${metric}\u0000${tagsKey(tags)}`;
  keys.set(tags, { metric, key });
  return key;
}
