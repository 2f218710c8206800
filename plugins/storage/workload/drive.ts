/**
 * The loop of one storage instance: starts what is due, as deep as it may, and records what has ended. Between the core's
 * pacing (`ctx.operations`), the choices of the workload and an engine. Called by the simulators' `run`.
 */
import type { ActorContext } from '../../../core/contract/index.js';
import { errnoName } from '../../../core/linux/errno.js';
import type { Engine } from '../engines/engine.js';
import { OP, SLOT } from '../engines/engine.js';
import { Payload } from '../payload.js';
import type { Verifier } from '../verify/verifier.js';
import type { Region } from './choices.js';
import { Choices } from './choices.js';
import { ErrorPolicy } from './error-policy.js';
import type { STORAGE_METRICS } from './metrics.js';
import type { OpKind, WorkloadOptions } from './options.js';
import { largestOf, unitOf } from './options.js';

const MS = 1e6;
/** One wait in the engine: stops and changes of what is asked are seen this soon. */
const WAIT_NS = 100 * MS;
/** What is in flight at a stop may take so long to end. */
const LAST_NS = 1000 * MS;
/** An operation that is due sooner is waited for in the engine's own wait, where there is something in flight. */
const KINDS: readonly OpKind[] = ['read', 'write', 'trim'];

export interface DriveInput {
  readonly ctx: ActorContext<WorkloadOptions, typeof STORAGE_METRICS>;
  readonly engine: Engine;
  /** As the engine numbered it. */
  readonly file: number;
  readonly region: Region;
  /** What a trim is here. */
  readonly trim: 'punch' | 'discard';
  /** A trim leaves zeros for certain. */
  readonly trimsToZero: boolean;
  readonly verifier: Verifier | null;
}

export class Drive {
  readonly #input: DriveInput;
  readonly #choices: Choices;
  readonly #payload: Payload;
  readonly #errors: ErrorPolicy;
  readonly #words: Uint32Array;
  /** Slots of operations that are free; the sync behind operation s is in slot s + depth. */
  readonly #free: number[];
  readonly #depth: number;
  readonly #kinds: Uint8Array;
  /** Of each slot with a sync behind it: what its write came to, until both have ended. NaN: it has not ended. */
  readonly #writes: Float64Array;
  readonly #floors: readonly Uint32Array[];
  readonly #flags: number;
  readonly #bytesMax: number;
  #sinceSync = 0;
  #syncedNs = 0;
  #bytes = 0;

  constructor(input: DriveInput) {
    const { ctx, engine, region, verifier } = input;
    const { options } = ctx;
    const { sync, compressible, duplicates, total } = options;
    this.#input = input;
    this.#depth = this.#isSyncing ? engine.depth / 2 : engine.depth;
    this.#choices = new Choices(options, region, () => ctx.random());
    this.#payload = new Payload({ compressible, duplicate: duplicates }, () => ctx.random());
    this.#errors = new ErrorPolicy(options);
    this.#words = new Uint32Array(engine.memory.buffer, engine.memory.byteOffset, engine.memory.length >> 2);
    this.#free = Array.from({ length: this.#depth }, (_, i) => this.#depth - 1 - i);
    this.#kinds = new Uint8Array(this.#depth);
    this.#writes = new Float64Array(this.#depth).fill(NaN);
    const units = verifier === null ? 0 : Math.ceil(largestOf(options) / unitOf(options)) + 1;
    this.#floors = this.#free.map(() => new Uint32Array(units));
    this.#flags = sync === 'o_dsync' ? SLOT.dsync : sync === 'o_sync' ? SLOT.sync : 0;
    this.#bytesMax = total === undefined ? Infinity : total / ctx.instance.count;
    this.#syncedNs = ctx.nowNs();
  }

  /** Slots that an engine needs for so many operations in flight. */
  static slots(inFlight: number, { sync }: WorkloadOptions): number {
    return sync === 'fsync' || sync === 'fdatasync' ? inFlight * 2 : inFlight;
  }

  async run(): Promise<'done' | void> {
    const { ctx, engine } = this.#input;
    while (!ctx.stopped()) {
      const nextNs = this.#startDue();
      if (engine.inFlight > 0) {
        const aheadNs = Math.max(0, nextNs - ctx.nowNs());
        // A rate that leaves room waits for whichever comes first: an end, or the next that is due.
        await this.#reap(1, Math.min(WAIT_NS, aheadNs));
      } else if (this.#isDone) return 'done';
      else if (nextNs === Infinity) ctx.park();
      else ctx.park(Math.max(0, nextNs - ctx.nowNs()) / MS);
      // An engine that waits in promises needs the loop; the others give it a turn by parking only.
      if (engine.yields) continue;
    }
    await this.#finish();
  }

  get #isSyncing(): boolean {
    const { sync } = this.#input.ctx.options;
    return sync === 'fsync' || sync === 'fdatasync';
  }

  get #isDone(): boolean {
    const { passes = Infinity } = this.#input.ctx.options;
    return this.#choices.passes >= passes || this.#bytes >= this.#bytesMax;
  }

  /** Starts what is due now; when the next will be. */
  #startDue(): number {
    const { ctx } = this.#input;
    while (this.#free.length > 0) {
      if (this.#isDone) return Infinity;
      const dueNs = ctx.operations.nextDueNs();
      if (dueNs > ctx.nowNs()) return dueNs;
      this.#start(dueNs);
    }
    return Infinity;
  }

  #start(dueNs: number): void {
    const { ctx, engine, file } = this.#input;
    const kind = this.#choices.kind();
    const bytes = this.#choices.size();
    const offset = this.#choices.place(bytes);
    // A walk that has just come to its last end does not begin again.
    if (this.#isDone) return;
    const slot = this.#free.pop() as number;
    const { slots } = engine;
    slots.file[slot] = file;
    slots.offset[slot] = offset;
    slots.bytes[slot] = bytes;
    slots.dueNs[slot] = dueNs;
    this.#kinds[slot] = KINDS.indexOf(kind);
    this.#bytes += bytes;
    ctx.operations.start(dueNs);
    if (kind === 'write') return this.#submitWrite(slot, offset, bytes);
    if (kind === 'read') {
      slots.op[slot] = OP.read;
      slots.flags[slot] = 0;
      this.#input.verifier?.beginRead(offset, bytes, this.#floors[slot] as Uint32Array);
    } else {
      slots.op[slot] = OP[this.#input.trim];
      slots.flags[slot] = 0;
      this.#input.verifier?.beginBlank(offset, bytes);
    }
    engine.submit(slot);
  }

  #submitWrite(slot: number, offset: number, bytes: number): void {
    const { ctx, engine, verifier, file } = this.#input;
    const { slots } = engine;
    const at = slots.at[slot] as number;
    this.#payload.fill(engine.memory, at, bytes);
    verifier?.beginWrite(this.#words, at / 4, offset, bytes, ctx.nowNs());
    slots.op[slot] = OP.write;
    slots.flags[slot] = this.#flags;
    if (!this.#isSyncDue(ctx)) {
      engine.submit(slot);
      return;
    }
    const behind = slot + this.#depth;
    slots.flags[slot] = this.#flags | SLOT.link;
    slots.op[behind] = ctx.options.sync === 'fsync' ? OP.fsync : OP.fdatasync;
    slots.flags[behind] = 0;
    slots.file[behind] = file;
    engine.submit(slot);
    engine.submit(behind);
  }

  #isSyncDue(ctx: DriveInput['ctx']): boolean {
    if (!this.#isSyncing) return false;
    const { syncEvery, syncEveryTime } = ctx.options;
    this.#sinceSync++;
    const now = syncEveryTime === undefined ? 0 : ctx.nowNs();
    const isDue =
      syncEveryTime === undefined ? this.#sinceSync >= syncEvery : now - this.#syncedNs >= syncEveryTime * MS;
    if (!isDue) return false;
    this.#sinceSync = 0;
    this.#syncedNs = now;
    return true;
  }

  async #reap(least: number, waitNs: number): Promise<void> {
    const { engine } = this.#input;
    const told = engine.reap(least, waitNs);
    const count = typeof told === 'number' ? told : await told;
    for (let i = 0; i < count; i++) this.#hasEnded(engine.ended[i] as number);
  }

  #hasEnded(slot: number): void {
    const { slots } = this.#input.engine;
    if (slot >= this.#depth) return this.#syncEnded(slot - this.#depth, slots.result[slot] as number);
    const isLinked = ((slots.flags[slot] as number) & SLOT.link) !== 0;
    // A write with a sync behind it has ended when that has; it is told then.
    if (!isLinked) this.#record(slot, slots.result[slot] as number, slots.endNs[slot] as number);
    else this.#writes[slot] = slots.result[slot] as number;
  }

  /** Of a linked pair the write ends first, but both may be told in any order. */
  #syncEnded(slot: number, result: number): void {
    const { ctx, engine } = this.#input;
    const { slots } = engine;
    const behind = slot + this.#depth;
    const write = this.#writes[slot] as number;
    const wrote = Number.isNaN(write) ? (slots.result[slot] as number) : write;
    this.#writes[slot] = NaN;
    const isCancelled = wrote < (slots.bytes[slot] as number);
    if (!isCancelled && result >= 0)
      ctx.metrics.sync.record(Math.max(0, (slots.endNs[behind] as number) - (slots.endNs[slot] as number)));
    // The write itself failed, or else the sync did: nothing is durable then.
    this.#record(slot, isCancelled ? wrote : result < 0 ? result : wrote, slots.endNs[behind] as number);
  }

  #record(slot: number, result: number, endNs: number): void {
    const { ctx, engine } = this.#input;
    const { slots } = engine;
    const bytes = slots.bytes[slot] as number;
    const op = KINDS[this.#kinds[slot] as number] as OpKind;
    const isWhole = op === 'trim' ? result >= 0 : result === bytes;
    const dueNs = slots.dueNs[slot] as number;
    const startNs = slots.startNs[slot] as number;
    this.#verify(slot, op, op === 'trim' && result >= 0 ? bytes : Math.max(0, result));
    this.#free.push(slot);
    if (isWhole) {
      ctx.operations.record({ op, dueNs, startNs, endNs, bytes });
      return;
    }
    const code = result < 0 ? errnoName(result) : 'SHORT';
    ctx.operations.record({ op, code, dueNs, startNs, endNs });
    this.#errors.failed(`${op} of ${bytes} bytes at ${slots.offset[slot] as number}`, code, endNs);
  }

  /** `done`: bytes that were acknowledged. */
  #verify(slot: number, op: OpKind, done: number): void {
    const { verifier, ctx, engine, trimsToZero } = this.#input;
    if (verifier === null) return;
    const { slots } = engine;
    const [offset, bytes] = [slots.offset[slot] as number, slots.bytes[slot] as number];
    if (op === 'write') verifier.end(offset, bytes, done);
    else if (op === 'trim') verifier.end(offset, bytes, trimsToZero ? done : 0);
    else {
      const at = (slots.at[slot] as number) / 4;
      verifier.endRead(this.#words, at, offset, done, this.#floors[slot] as Uint32Array);
      ctx.metrics.verified.add(done);
    }
  }

  /** After a stop: what is in flight is waited for, so that what it did is known. */
  async #finish(): Promise<void> {
    const { ctx, engine } = this.#input;
    const untilNs = ctx.nowNs() + LAST_NS;
    while (engine.inFlight > 0 && ctx.nowNs() < untilNs) await this.#reap(1, WAIT_NS);
    if (engine.inFlight > 0) ctx.metrics.unfinished.add(engine.inFlight);
  }
}
