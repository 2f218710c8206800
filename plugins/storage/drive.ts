/**
 * The loop between an actor's pacing, a workload and an engine: what falls due is filled by the workload and submitted,
 * what has ended is looked at by the workload and recorded. Called by `run()` of the simulators on these engines, and by
 * benches; works with the controls rate (open model) and concurrency (closed model) alike.
 *
 *   run: () => drive({ ctx, engine, operations: ['read', 'write'], work: {
 *     fill: (slot) => { …slots.op, file, offset, bytes, kind… },       // the next thing to do
 *     judge: (slot) => engineCode(slots, slot) ?? verify(slot),        // null: well done; else the error's code
 *   } })
 *
 * `slots.kind[slot]` is the place of the operation in the simulator's `operations`. The engine needs as many slots as the
 * instance has operations in flight at most (its share of the peak, or `inFlight`), and one more for each linked slot.
 */
import { assert } from '../../core/base/assert.js';
import { MS, nowNs } from '../../core/base/clock.js';
import { errnoName } from '../../core/linux/errno.js';
import type { ActorContext, MetricSpecs } from '../../core/contract/index.js';
import type { Engine, Slots } from './engines/engine.js';
import { OP, SLOT } from './engines/engine.js';

export interface Work {
  /**
   * Fills a free slot with what is to be done next. After a slot with SLOT.link it is called again at once: both are one
   * operation, which ends with the last of them, counts as the kind of that one and has the bytes of the first.
   */
  fill(slot: number): void;
  /** How many slots an operation takes beyond its first, at most: 1 where writes are linked with a sync. Default 0. */
  readonly links?: number;
  /** Operations that are still to be filled; at 0 the actor is done. Default: no end. */
  left?(): number;
  /**
   * It has ended: null when it did what it should, else the code of the error that is counted. Without this,
   * `engineCode`. Of linked slots each is asked, until one says a code. Throw to fail the actor.
   */
  judge?(slot: number): string | null;
}

export interface DriveInput {
  readonly ctx: Pick<ActorContext<object, MetricSpecs>, 'operations' | 'stopped' | 'park'>;
  readonly engine: Engine;
  /** The simulator's `operations`, in its order. */
  readonly operations: readonly string[];
  readonly work: Work;
}

/** A read or write that moved fewer bytes than asked without an error: the end of a file, or no room for the rest. */
export const SHORT = 'short';

/** The event loop gets its turn this often: messages of the agent, timers, logs. */
const TURN_NS = 20 * MS;
/** A turn takes up to so long: where nothing is in flight or due meanwhile it is taken early, and keeps nothing waiting, */
const TURN_TAKES_NS = 0.5 * MS;
/** but not earlier than so long after the last one. */
const EARLY_TURN_NS = 10 * MS;
/** The kernel wakes a sleeper so late: a shorter wait for what is due is spent looking. */
const SPIN_NS = 0.1 * MS;
/**
 * What has fallen due is handed over for so long, looked at every few operations; then it is seen what has ended, before the
 * rest. Devices that do an operation while it is handed over would otherwise be told to have taken as long as all of it.
 */
const HAND_OVER_NS = 0.1 * MS;
const HAND_OVER_LOOK = 4;
/** What is waited for at most before looking again whether anything has changed. */
const LOOK_NS = 100 * MS;
/** A stop waits so many looks for what is in flight; what has not ended by then is told as unfinished. */
const LAST_LOOKS = 5;

/** What the engine itself says of a slot that has ended: null, the name of the errno, or SHORT. */
export function engineCode(slots: Slots, slot: number): string | null {
  const result = slots.result[slot] as number;
  if (result < 0) return errnoName(result);
  const isTransfer = (slots.op[slot] as number) <= OP.write;
  return isTransfer && result < (slots.bytes[slot] as number) ? SHORT : null;
}

export async function drive(input: DriveInput): Promise<'done' | void> {
  const { ctx, engine } = input;
  const loop = new Loop(input);
  let turnNs = nowNs() + TURN_NS;
  while (!ctx.stopped()) {
    const isOver = loop.start();
    if (isOver && engine.inFlight === 0) return 'done';
    const count = loop.reap(isOver);
    loop.end(typeof count === 'number' ? count : await count);
    if (loop.lookedNs < turnNs && !loop.mayTurn) continue;
    await new Promise(setImmediate);
    loop.turned(nowNs());
    turnNs = loop.lookedNs + TURN_NS;
  }
  // What is in flight was started: it ends, and counts.
  for (let i = 0; engine.inFlight > 0 && i < LAST_LOOKS; i++)
    loop.end(await engine.reap(engine.inFlight, LOOK_NS));
}

const NONE = -1;

class Loop {
  readonly #input: DriveInput;
  readonly #free: Uint32Array;
  #freeCount: number;
  /** Of what was taken from the pacing last, and how many of those are filled and submitted. */
  readonly #dues: Float64Array;
  #taken = 0;
  #given = 0;
  /** Of a linked slot: the one before it. */
  readonly #before: Int32Array;
  readonly #slotsEach: number;
  readonly #judge: (slot: number) => string | null;
  /** When the loop last knew the time. */
  lookedNs = nowNs();
  /** Nothing is in flight, or due so soon that a turn of the event loop would make it late. */
  mayTurn = false;
  #earlyTurnNs = this.lookedNs + EARLY_TURN_NS;

  constructor(input: DriveInput) {
    this.#input = input;
    const { engine, work } = input;
    const { depth, slots } = engine;
    this.#slotsEach = 1 + (work.links ?? 0);
    assert(depth >= this.#slotsEach, 'an engine with a slot for each part of a linked operation');
    // From the end: slot 0 is the first one to be taken.
    this.#free = Uint32Array.from({ length: depth }, (_, i) => depth - 1 - i);
    this.#freeCount = depth;
    this.#dues = new Float64Array(depth);
    this.#before = new Int32Array(depth).fill(NONE);
    this.#judge = work.judge?.bind(work) ?? ((slot) => engineCode(slots, slot));
  }

  /** Fills and submits what is due, or a part of it. True when there is nothing left to do. */
  start(): boolean {
    const { ctx, work } = this.#input;
    if (this.#given === this.#taken) {
      const left = work.left?.() ?? Infinity;
      const most = Math.min(Math.floor(this.#freeCount / this.#slotsEach), left);
      this.#given = 0;
      this.#taken = most > 0 ? ctx.operations.startDue(this.#dues, most, this.lookedNs) : 0;
      if (this.#taken === 0) return left === 0;
    }
    this.#handOver();
    return this.#given === this.#taken && work.left?.() === 0;
  }

  reap(isOver: boolean): number | Promise<number> {
    const { ctx, engine } = this.#input;
    if (this.#given < this.#taken) return engine.reap(0, 0);
    if (this.#freeCount < this.#slotsEach || isOver) return engine.reap(1, LOOK_NS);
    const dueNs = ctx.operations.nextDueNs();
    const now = (this.lookedNs = nowNs());
    const waitNs = Math.min(dueNs - now, LOOK_NS);
    if (engine.inFlight > 0) return engine.reap(waitNs > SPIN_NS ? 1 : 0, Math.max(0, waitNs));
    this.mayTurn = now >= this.#earlyTurnNs && waitNs > TURN_TAKES_NS;
    // Woken when anything changes. Shortly before the next is due: the rest is spent looking.
    if (waitNs > SPIN_NS && !this.mayTurn) ctx.park((dueNs - now - SPIN_NS / 2) / MS);
    return 0;
  }

  /** The event loop has had its turn. */
  turned(now: number): void {
    this.lookedNs = now;
    this.mayTurn = false;
    this.#earlyTurnNs = now + EARLY_TURN_NS;
  }

  /** Records what has ended and frees its slots. */
  end(count: number): void {
    const { ctx, engine } = this.#input;
    const { slots, ended } = engine;
    if (count === 0) {
      this.lookedNs = nowNs();
      return;
    }
    this.lookedNs = slots.endNs[ended[0] as number] as number;
    let well = 0;
    for (let i = 0; i < count; i++) {
      const slot = ended[i] as number;
      // Those behind it go on.
      if (((slots.flags[slot] as number) & SLOT.link) !== 0) continue;
      const code = this.#before[slot] === NONE ? this.#judge(slot) : this.#joined(slot);
      if (code === null) ended[well++] = slot;
      else this.#fail(slot, code);
      this.#free[this.#freeCount++] = slot;
    }
    ctx.operations.recordMany(slots, ended, well);
  }

  #handOver(): void {
    let untilNs = 0;
    for (let count = 1; this.#given < this.#taken; count++) {
      this.#submit(this.#dues[this.#given++] as number);
      if (count % HAND_OVER_LOOK !== 0) continue;
      const now = nowNs();
      if (untilNs === 0) untilNs = now + HAND_OVER_NS;
      else if (now >= untilNs) return;
    }
  }

  #submit(dueNs: number): void {
    const { engine, work } = this.#input;
    const { slots } = engine;
    for (let before = NONE; ;) {
      const slot = this.#free[--this.#freeCount] as number;
      slots.dueNs[slot] = dueNs;
      work.fill(slot);
      this.#before[slot] = before;
      engine.submit(slot);
      if (((slots.flags[slot] as number) & SLOT.link) === 0) return;
      before = slot;
    }
  }

  /** The last of linked slots has ended: it stands for all of them. The first code that one of them has. */
  #joined(last: number): string | null {
    const { slots } = this.#input.engine;
    const chain: number[] = [];
    for (let slot = last; slot !== NONE; slot = this.#before[slot] as number) chain.unshift(slot);
    const first = chain[0] as number;
    let code: string | null = null;
    for (const slot of chain) {
      code ??= this.#judge(slot);
      if (slot !== last) this.#free[this.#freeCount++] = slot;
    }
    slots.startNs[last] = slots.startNs[first] as number;
    slots.result[last] = Math.max(0, slots.result[first] as number);
    return code;
  }

  #fail(slot: number, code: string): void {
    const { ctx, engine, operations } = this.#input;
    const { slots } = engine;
    const op = operations[slots.kind[slot] as number];
    ctx.operations.record({
      ...(op !== undefined && { op }),
      code,
      dueNs: slots.dueNs[slot] as number,
      startNs: slots.startNs[slot] as number,
      endNs: slots.endNs[slot] as number,
    });
  }
}
