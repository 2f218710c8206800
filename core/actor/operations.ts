/**
 * Operations of an engine with a `run()` of its own: due times from the same models as the core's pacers use, results
 * into the same recorders. Made by the context; nothing is set up before the engine first uses it.
 */
import { must } from '../base/assert.js';
import { MS, nowNs } from '../base/clock.js';
import type { OperationColumns, OperationRecord, Operations } from '../contract/plugin.js';
import type { Paced } from './paced.js';
import { OperationRecorder } from './operation-recorder.js';
import { Pacing } from './pacing.js';

/** What fell due is told this often, when the engine asks or records at all. */
const TELL_NS = 20 * MS;

export class EngineOperations implements Operations {
  readonly #ctx: Paced;
  readonly #openRecorder: () => OperationRecorder;
  #open: { readonly pacing: Pacing; readonly recorder: OperationRecorder } | null = null;
  #toldNs = 0;
  #refusal: string | null = null;

  constructor(ctx: Paced, openRecorder: () => OperationRecorder) {
    this.#ctx = ctx;
    this.#openRecorder = openRecorder;
  }

  get inFlightMax(): number {
    const { control, pacing, peakMost } = this.#ctx;
    return control === 'rate' ? pacing.inFlight : Math.max(1, Math.ceil(peakMost));
  }

  nextDueNs(): number {
    const { pacing } = this.#opened();
    const { waiter } = this.#ctx;
    waiter.beat();
    const now = nowNs();
    this.#tell(now);
    return waiter.isStopped ? Infinity : pacing.nextNs(now);
  }

  start(dueNs: number, startNs: number = nowNs()): void {
    this.#opened().pacing.start(dueNs, startNs);
  }

  record({ op, code, dueNs, startNs, endNs, bytes }: OperationRecord): void {
    const { pacing, recorder } = this.#opened();
    this.#ctx.waiter.beat();
    if (code !== undefined) recorder.failed({ code, op }, dueNs, endNs);
    else
      recorder.done(
        { ...(op !== undefined && { op }), ...(bytes !== undefined && { bytes }) },
        dueNs,
        startNs,
        endNs,
      );
    if (pacing.inFlight > 0) pacing.ended(endNs, 1, code === undefined ? bytes : 0);
    else if (this.#ctx.control === 'rate') throw new Error('an operation was recorded that was not started');
    else recorder.due(1);
    this.#tell(endNs);
  }

  startDue(dueNs: Float64Array, most: number, now: number = nowNs()): number {
    const { pacing } = this.#opened(now);
    const { waiter } = this.#ctx;
    waiter.beat();
    this.#tell(now);
    return waiter.isStopped ? 0 : pacing.startDue(dueNs, most, now);
  }

  recordMany(columns: OperationColumns, which: Uint32Array, count: number): void {
    if (count === 0) return;
    const { pacing, recorder } = this.#opened();
    this.#ctx.waiter.beat();
    recorder.doneMany(columns, which, count);
    const endNs = columns.endNs[which[count - 1] as number] as number;
    if (pacing.inFlight >= count)
      pacing.ended(endNs, count, pacing.isBounded ? bytesOf(columns, which, count) : 0);
    else if (this.#ctx.control === 'rate') throw new Error('operations were recorded that were not started');
    else recorder.due(count);
    this.#tell(endNs);
  }

  /** Only an engine times its own operations: for the other ways the core does, and would do so twice. */
  refuse(way: string): void {
    this.#refusal = `ctx.operations is for run(): the core times the operations of ${way}`;
  }

  /** The engine has returned: what it has started and not recorded is not done. */
  end(now: number): void {
    this.#open?.pacing.end(now);
  }

  #tell(now: number): void {
    if (now - this.#toldNs < TELL_NS) return;
    this.#toldNs = now;
    this.#open?.pacing.tell(now);
  }

  /** Begins at the engine's own instant: what it starts at that must not lie before. */
  #opened(now: number = nowNs()): { readonly pacing: Pacing; readonly recorder: OperationRecorder } {
    if (this.#open !== null) return this.#open;
    if (this.#refusal !== null) throw new Error(this.#refusal);
    must(
      this.#ctx.timeline.startNs ?? undefined,
      'the start instant: operations begin in run(), not in start()',
    );
    const recorder = this.#openRecorder();
    return (this.#open = { recorder, pacing: new Pacing(this.#ctx, recorder, now) });
  }
}

function bytesOf({ result }: OperationColumns, which: Uint32Array, count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i++) bytes += result[which[i] as number] as number;
  return bytes;
}
