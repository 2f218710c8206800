/**
 * Records what operations did, for the pacers: latency from the due time, service, wait, bytes, errors by code. A
 * simulator never measures its own latency.
 */
import { must } from '../base/assert.js';
import { nowNs } from '../base/clock.js';
import type { PlannedActor } from '../contract/plan.js';
import type { Outcome } from '../contract/plugin.js';
import { OperationError } from '../contract/plugin.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';
import type { InstanceSeries, SeriesMemory } from './input.js';

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
  mark(hit: boolean): void;
}
interface Tagged<R> {
  with(tags: Readonly<Record<string, string>>): R;
}
interface OperationRecorders {
  readonly 'op.count': Tagged<Counter>;
  readonly 'op.due': Counter;
  readonly 'op.latency': Tagged<Trend>;
  readonly 'op.service': Tagged<Trend>;
  readonly 'op.wait': Tagged<Trend>;
  readonly 'op.bytes': Tagged<Counter>;
  readonly 'op.errors': Tagged<Ratio>;
}
interface OneOperation {
  readonly count: Counter;
  readonly latency: Trend;
  readonly service: Trend;
  readonly wait: Trend;
  readonly bytes: Counter;
  readonly fine: Ratio;
}

export class OperationRecorder {
  readonly #byOp = new Map<string, OneOperation>();
  readonly #byCode = new Map<string, Tagged<Ratio>>();
  readonly #due: Counter;
  readonly #memory: SeriesMemory;
  readonly #first: string;
  readonly #onSeries: (series: SeriesMemory) => void;

  constructor(actor: PlannedActor, series: InstanceSeries, onSeries: (series: SeriesMemory) => void) {
    this.#memory = must(series.operations, 'recorders of operations');
    this.#onSeries = onSeries;
    const { specs, buffer } = this.#memory;
    const all = openRecorders(specs, buffer, nowNs) as unknown as OperationRecorders;
    this.#due = all['op.due'];
    this.#first = must(actor.operations[0], 'the first operation');
    const noError = must(specs['op.errors']?.tags?.['code']?.[0], 'the code of no error');
    for (const op of actor.operations) {
      this.#byOp.set(op, {
        count: all['op.count'].with({ op }),
        latency: all['op.latency'].with({ op }),
        service: all['op.service'].with({ op }),
        wait: all['op.wait'].with({ op }),
        bytes: all['op.bytes'].with({ op }),
        fine: all['op.errors'].with({ op, code: noError }),
      });
    }
  }

  due(count: number): void {
    if (count > 0) this.#due.add(count);
  }

  /** Throws when the outcome names an operation that the simulator does not declare. */
  done(outcome: Outcome | undefined, dueNs: number, startNs: number, endNs: number): void {
    const one = this.#operation(outcome?.op ?? this.#first);
    this.#record(one, dueNs, startNs, endNs);
    if (outcome?.bytes !== undefined) one.bytes.add(outcome.bytes);
    one.fine.mark(false);
  }

  /** Passes on whatever is not an OperationError: that fails the actor. */
  failed(error: unknown, dueNs: number, startNs: number, endNs: number): void {
    const code = codeOf(error);
    if (code === null) throw error;
    this.#record(this.#operation(this.#first), dueNs, startNs, endNs);
    this.#errorsOf(code)
      .with({ op: this.#first, code: this.#byCode.has(code) ? code : OTHER_CODE })
      .mark(true);
  }

  #operation(op: string): OneOperation {
    const one = this.#byOp.get(op);
    if (one !== undefined) return one;
    throw new Error(
      `the operation "${op}" is not among those declared: ${[...this.#byOp.keys()].join(', ')}`,
    );
  }

  #record(one: OneOperation, dueNs: number, startNs: number, endNs: number): void {
    one.count.add(1);
    one.latency.record(endNs - dueNs);
    one.service.record(endNs - startNs);
    one.wait.record(Math.max(0, startNs - dueNs));
  }

  #errorsOf(code: string): Tagged<Ratio> {
    const known = this.#byCode.get(code);
    if (known !== undefined) return known;
    const isFull = this.#byCode.size >= CODES_MAX;
    const other = this.#byCode.get(OTHER_CODE);
    if (isFull && other !== undefined) return other;
    const name = isFull ? OTHER_CODE : code;
    const spec = must(this.#memory.specs['op.errors'], 'op.errors');
    const specs = { 'op.errors': { ...spec, tags: { op: [...this.#byOp.keys()], code: [name] } } };
    const buffer = new SharedArrayBuffer(recorderBytes(specs));
    const recorder = openRecorders(specs, buffer, nowNs)['op.errors'] as unknown as Tagged<Ratio>;
    this.#byCode.set(name, recorder);
    this.#onSeries({ specs, buffer });
    return recorder;
  }
}

/** Null for what is not a failed operation. By name as well: a plugin may have another copy of the class. */
function codeOf(error: unknown): string | null {
  if (error instanceof OperationError) return error.code;
  if (!(error instanceof Error) || error.name !== 'OperationError' || !('code' in error)) return null;
  return String(error.code);
}
