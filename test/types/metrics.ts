/** What must and must not compile about metrics: the compiler is the test, `@ts-expect-error` the assertion. */
import { defineSimulator } from '../../core/contract/index.js';

export const simulator = defineSimulator({
  name: 'measured',
  description: 'Metrics of every kind, with tags and without.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {
    rounds: { kind: 'counter', unit: 'count', help: 'Rounds.' },
    held: { kind: 'gauge', unit: 'bytes', help: 'Bytes.' },
    hits: { kind: 'ratio', unit: 'share', help: 'Hits.' },
    touch: { kind: 'trend', unit: 'ns', help: 'Time.' },
    errors: {
      kind: 'counter',
      unit: 'count',
      help: 'Errors.',
      tags: { op: ['get', 'set'], side: ['ours', 'theirs'] },
    },
  },
  start({ metrics }) {
    metrics.rounds.add(1);
    metrics.held.set(2);
    metrics.hits.mark(true);
    metrics.touch.record(3);
    metrics.errors.with({ op: 'get', side: 'ours' }).add(1);
    // @ts-expect-error a counter has no value to set
    metrics.rounds.set(1);
    // @ts-expect-error a gauge does not add
    metrics.held.add(1);
    // @ts-expect-error a ratio marks hits and misses
    metrics.hits.record(1);
    // @ts-expect-error a trend records
    metrics.touch.mark(true);
    // @ts-expect-error there is no such metric
    metrics.round.add(1);
    // @ts-expect-error a metric with tags is recorded through with()
    metrics.errors.add(1);
    // @ts-expect-error a value beside the declared ones
    metrics.errors.with({ op: 'put', side: 'ours' });
    // @ts-expect-error every declared tag is said
    metrics.errors.with({ op: 'get' });
    // @ts-expect-error no other tag is
    metrics.errors.with({ op: 'get', side: 'ours', host: 'a' });
    // @ts-expect-error a metric without tags has no with()
    metrics.rounds.with({});
    // @ts-expect-error a share is not a word
    metrics.held.set('2');
    return { dispose: () => undefined };
  },
});

defineSimulator({
  name: 'mismeasured',
  description: 'Specs that are none.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {
    // @ts-expect-error base units only: nanoseconds, not milliseconds
    slow: { kind: 'trend', unit: 'ms', help: 'Time.' },
    // @ts-expect-error no such kind
    odd: { kind: 'histogram', unit: 'ns', help: 'Time.' },
    // @ts-expect-error a metric says what it is
    silent: { kind: 'counter', unit: 'count' },
  },
  start: () => ({ dispose: () => undefined }),
});
