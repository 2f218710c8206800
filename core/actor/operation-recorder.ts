/**
 * Records what operations did, for the pacers and `ctx.operations`: latency from the due time, service, wait, bytes,
 * errors by code. Failed operations have a latency of their own: fast refusals must not flatter the others, nor slow
 * time-outs hide. A simulator never measures its own latency.
 */
import { must } from '../base/assert.js';
import { nowNs } from '../base/clock.js';
import type { OperationColumns, Outcome } from '../contract/plugin.js';
import { OperationError } from '../contract/plugin.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';
import type { SeriesMemory } from './input.js';

/** Error codes of one instance that get a series each; further ones are counted together. */
const CODES_MAX = 32;
const OTHER_CODE = 'other';

interface Counter {
  add(amount: number): void;
}
interface Trend {
  record(value: number): void;
}
interface Ratio {
  mark(hit: boolean, times?: number): void;
}
interface Tagged<R> {
  with(tags: Readonly<Record<string, string>>): R;
}
interface OperationRecorders {
  readonly 'op.count': Tagged<Counter>;
  readonly 'op.due': Counter;
  readonly 'op.unfinished': Counter;
  readonly 'op.queued': Counter;
  readonly 'op.capped': Counter;
  readonly 'op.latency': Tagged<Trend>;
  readonly 'op.service': Tagged<Trend>;
  readonly 'op.wait': Tagged<Trend>;
  readonly 'op.failed.latency': Tagged<Trend>;
  readonly 'op.bytes': Tagged<Counter>;
  readonly 'op.errors': Tagged<Ratio>;
}
interface OneOperation {
  readonly op: string;
  readonly count: Counter;
  readonly latency: Trend;
  readonly service: Trend;
  readonly wait: Trend;
  readonly failedLatency: Trend;
  readonly bytes: Counter;
  readonly fine: Ratio;
  /** By error code. */
  readonly failures: Map<string, Ratio>;
}

/** A failed operation as an OperationError says it; null for anything else. */
export interface Failure {
  readonly code: string;
  readonly op: string | undefined;
}

export class OperationRecorder {
  readonly #byOp = new Map<string, OneOperation>();
  /** The same, in the order in which the simulator declares them. */
  readonly #kinds: readonly OneOperation[];
  readonly #byCode = new Map<string, Tagged<Ratio>>();
  readonly #all: OperationRecorders;
  readonly #memory: SeriesMemory;
  readonly #first: OneOperation;
  readonly #onSeries: (series: SeriesMemory) => void;

  constructor(operations: readonly string[], memory: SeriesMemory, onSeries: (series: SeriesMemory) => void) {
    this.#memory = memory;
    this.#onSeries = onSeries;
    const { specs, buffer } = this.#memory;
    const all = (this.#all = openRecorders(specs, buffer, nowNs) as unknown as OperationRecorders);
    const noError = must(specs['op.errors']?.tags?.['code']?.[0], 'the code of no error');
    for (const op of operations) {
      this.#byOp.set(op, {
        op,
        count: all['op.count'].with({ op }),
        latency: all['op.latency'].with({ op }),
        service: all['op.service'].with({ op }),
        wait: all['op.wait'].with({ op }),
        failedLatency: all['op.failed.latency'].with({ op }),
        bytes: all['op.bytes'].with({ op }),
        fine: all['op.errors'].with({ op, code: noError }),
        failures: new Map(),
      });
    }
    this.#kinds = [...this.#byOp.values()];
    this.#first = must(this.#byOp.get(operations[0] ?? ''), 'the first operation');
  }

  /** So many more fell due. */
  due(count: number): void {
    this.#all['op.due'].add(count);
  }

  /** So many of them will never be done. */
  unfinished(count: number): void {
    this.#all['op.unfinished'].add(count);
  }

  /** So many of those that started had to wait for others to end. */
  queued(count: number): void {
    this.#all['op.queued'].add(count);
  }

  /** So many of those that started had to wait for a cap. */
  capped(count: number): void {
    this.#all['op.capped'].add(count);
  }

  /** Throws when the outcome names an operation that the simulator does not declare. */
  done(outcome: Outcome | undefined, dueNs: number, startNs: number, endNs: number): void {
    const one = this.#operation(outcome?.op);
    one.count.add(1);
    one.latency.record(endNs - dueNs);
    one.service.record(endNs - startNs);
    one.wait.record(Math.max(0, startNs - dueNs));
    if (outcome?.bytes !== undefined) one.bytes.add(outcome.bytes);
    one.fine.mark(false);
  }

  /** The same for `count` of them, of which `which` begins with the numbers. */
  doneMany(columns: OperationColumns, which: Uint32Array, count: number): void {
    const { kind, dueNs, startNs, endNs, result } = columns;
    for (let i = 0; i < count;) {
      const number = kind[which[i] as number] as number;
      const one = this.#kinds[number];
      if (one === undefined) throw new Error(`there is no operation number ${number}`);
      // Those of one kind that stand together are counted together.
      const first = i;
      let bytes = 0;
      for (; i < count && kind[which[i] as number] === number; i++) {
        const n = which[i] as number;
        const [due, start, end] = [dueNs[n] as number, startNs[n] as number, endNs[n] as number];
        one.latency.record(end - due);
        one.service.record(end - start);
        one.wait.record(start > due ? start - due : 0);
        bytes += result[n] as number;
      }
      one.count.add(i - first);
      one.bytes.add(bytes);
      one.fine.mark(false, i - first);
    }
  }

  failed({ code, op }: Failure, dueNs: number, endNs: number): void {
    const one = this.#operation(op);
    one.count.add(1);
    one.failedLatency.record(endNs - dueNs);
    this.#failuresOf(one, code).mark(true);
  }

  #operation(op: string | undefined): OneOperation {
    if (op === undefined) return this.#first;
    const one = this.#byOp.get(op);
    if (one !== undefined) return one;
    throw new Error(
      `the operation "${op}" is not among those declared: ${[...this.#byOp.keys()].join(', ')}`,
    );
  }

  #failuresOf(one: OneOperation, code: string): Ratio {
    const known = one.failures.get(code);
    if (known !== undefined) return known;
    const isFull = !this.#byCode.has(code) && this.#byCode.size >= CODES_MAX;
    const name = isFull ? OTHER_CODE : code;
    const ratio = (this.#byCode.get(name) ?? this.#openCode(name)).with({ op: one.op, code: name });
    if (!isFull) one.failures.set(code, ratio);
    return ratio;
  }

  #openCode(code: string): Tagged<Ratio> {
    const spec = must(this.#memory.specs['op.errors'], 'op.errors');
    const specs = { 'op.errors': { ...spec, tags: { op: [...this.#byOp.keys()], code: [code] } } };
    const buffer = new SharedArrayBuffer(recorderBytes(specs));
    const recorder = openRecorders(specs, buffer, nowNs)['op.errors'] as unknown as Tagged<Ratio>;
    this.#byCode.set(code, recorder);
    this.#onSeries({ specs, buffer });
    return recorder;
  }
}

/** By name as well: a plugin may have another copy of the class. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof OperationError) return { code: error.code, op: error.op };
  if (!(error instanceof Error) || error.name !== 'OperationError' || !('code' in error)) return null;
  const op = 'op' in error && typeof error.op === 'string' ? error.op : undefined;
  return { code: String(error.code), op };
}
