/**
 * What one storage instance does, slot by slot, for the loop in `../drive.ts`: fills the next operation from the choices
 * of the workload, and judges what came of it. Made by `session.ts`.
 */
import type { ActorContext } from '../../../core/contract/index.js';
import type { Work } from '../drive.js';
import { engineCode } from '../drive.js';
import type { Engine } from '../engines/engine.js';
import { OP, SLOT } from '../engines/engine.js';
import { Payload } from '../payload.js';
import { Verifier } from '../verify/verifier.js';
import type { Choices } from './choices.js';
import { ErrorPolicy } from './error-policy.js';
import type { Locker } from './locker.js';
import type { STORAGE_METRICS } from './metrics.js';
import type { OpKind, WorkloadOptions } from './options.js';
import { largestOf, unitOf } from './options.js';
import type { Places } from './places.js';

/** The `operations` of the simulators, in this order. */
export const KINDS = ['read', 'write', 'trim'] as const satisfies readonly OpKind[];

const MS = 1e6;
const NONE = -1;

/** What a trim is: a hole in a file, a discard or zeros on a device. */
export type Trim = 'punch' | 'discard' | 'writeZeroes';

export interface WorkInput {
  readonly ctx: ActorContext<WorkloadOptions, typeof STORAGE_METRICS>;
  readonly engine: Engine;
  readonly choices: Choices;
  readonly places: Places;
  /** What a trim is here. */
  readonly trim: Trim;
  /** A trim leaves zeros for certain. */
  readonly trimsToZero: boolean;
  readonly verifier: Verifier | null;
  /** Each operation has a lock while it is under way: then one is, at a time. */
  readonly locker: Locker | null;
  /** What the load reads is looked at, too. */
  readonly looksAtReads: boolean;
  /** A sync makes all durable that was acknowledged before it: there is one file or device, not many. */
  readonly syncsAll: boolean;
}

export class StorageWork implements Work {
  readonly links: number;
  readonly #input: WorkInput;
  readonly #choices: Choices;
  readonly #payload: Payload;
  readonly #errors: ErrorPolicy;
  readonly #words: Uint32Array;
  readonly #floors: readonly Uint32Array[];
  /** Of a slot with a sync in it: the write before it. */
  readonly #writeBefore: Int32Array;
  /** Of a slot whose lock could not be had: why. */
  readonly #lockCodes: (string | null)[];
  /** Of a slot with a sync in it: its number for the verifier. */
  readonly #syncs: Int32Array;
  readonly #flags: number;
  readonly #isDurable: boolean;
  readonly #bytesMax: number;
  readonly #largest: number;
  /** The slot of a write that a sync comes behind: it is filled next. */
  #linked = NONE;
  #sinceSync = 0;
  #syncedNs: number;
  #bytes = 0;
  #refusal: Error | null = null;

  constructor(input: WorkInput) {
    const { ctx, engine, choices, verifier } = input;
    const { options } = ctx;
    const { sync, compressible, duplicates, total } = options;
    const random = (): number => ctx.random();
    this.#input = input;
    this.links = isSyncing(options) ? 1 : 0;
    this.#choices = choices;
    this.#payload = new Payload({ compressible, duplicate: duplicates }, random);
    this.#errors = new ErrorPolicy(options);
    this.#words = new Uint32Array(engine.memory.buffer, engine.memory.byteOffset, engine.memory.length >> 2);
    const units = verifier === null ? 0 : Math.ceil(largestOf(options) / unitOf(options)) + 1;
    this.#floors = Array.from({ length: engine.depth }, () => new Uint32Array(Verifier.floorWords(units)));
    this.#writeBefore = new Int32Array(engine.depth).fill(NONE);
    this.#lockCodes = new Array<string | null>(engine.depth).fill(null);
    this.#syncs = new Int32Array(engine.depth);
    this.#isDurable = sync === 'o_dsync' || sync === 'o_sync';
    this.#flags = sync === 'o_dsync' ? SLOT.dsync : sync === 'o_sync' ? SLOT.sync : 0;
    this.#largest = largestOf(options);
    this.#bytesMax = total === undefined ? Infinity : total / ctx.instance.count;
    this.#syncedNs = ctx.nowNs();
  }

  /** 0 once the passes or the bytes that were asked for are through. Throws what `judge` found to be too many errors. */
  left(): number {
    if (this.#refusal !== null) throw this.#refusal;
    const { passes, total } = this.#input.ctx.options;
    if (passes === undefined && total === undefined) return Infinity;
    if (this.#bytes >= this.#bytesMax || this.#input.places.isThrough(passes)) return 0;
    // So many at the least; the last ones one by one, since their sizes are not known before.
    const bytes = Math.min(this.#bytesMax - this.#bytes, this.#input.places.bytesToEnd);
    return Math.max(1, Math.floor(bytes / this.#largest));
  }

  fill(slot: number): void {
    const { engine, places, trim } = this.#input;
    const { slots } = engine;
    this.#writeBefore[slot] = NONE;
    if (this.#linked !== NONE) return this.#fillSync(slot);
    const kind = this.#choices.kind();
    places.draw(slot, this.#choices.size());
    const bytes = slots.bytes[slot] as number;
    const offset = (slots.offset[slot] as number) + places.baseOf(slot);
    slots.kind[slot] = KINDS.indexOf(kind);
    slots.flags[slot] = 0;
    this.#writeBefore[slot] = NONE;
    this.#bytes += bytes;
    this.#lock(slot, kind);
    if (kind === 'write') return this.#fillWrite(slot, offset, bytes);
    slots.op[slot] = kind === 'read' ? OP.read : OP[trim];
    const { verifier, looksAtReads } = this.#input;
    if (kind !== 'read') verifier?.beginBlank(offset, bytes);
    else if (looksAtReads) verifier?.beginRead(offset, bytes, this.#floors[slot] as Uint32Array);
  }

  judge(slot: number): string | null {
    const { engine, places } = this.#input;
    const before = this.#writeBefore[slot] as number;
    let code = engineCode(engine.slots, slot);
    if (before !== NONE) this.#judgeSync(slot, before, code);
    else {
      code = places.codeOf(slot) ?? this.#lockCodes[slot] ?? code;
      // One that ended well is not over before the sync behind it: only then is it known whether it is durable.
      const isAwaitingSync = code === null && ((engine.slots.flags[slot] as number) & SLOT.link) !== 0;
      if (!isAwaitingSync) this.#verify(slot, code, this.#isDurable);
      places.ended(slot);
    }
    // Of linked slots the last one ends the operation, or the first one that fails.
    if (code !== null || ((engine.slots.flags[slot] as number) & SLOT.link) === 0) this.#input.locker?.give();
    if (code !== null) this.#failed(slot, code);
    return code;
  }

  /** An operation whose lock cannot be had is handed over on no file, and fails. */
  #lock(slot: number, kind: OpKind): void {
    const { locker, places, engine } = this.#input;
    if (locker === null) return;
    const { slots } = engine;
    const fd = places.fdOf(slot);
    if (fd < 0) return;
    const [offset, bytes] = [slots.offset[slot] as number, slots.bytes[slot] as number];
    const code = locker.take(fd, kind === 'read' ? 'read' : 'write', offset, bytes);
    this.#lockCodes[slot] = code;
    if (code !== null) slots.file[slot] = NONE;
  }

  #fillWrite(slot: number, offset: number, bytes: number): void {
    const { ctx, engine, verifier } = this.#input;
    const { slots } = engine;
    const at = slots.at[slot] as number;
    this.#payload.fill(engine.memory, at, bytes);
    verifier?.beginWrite(this.#words, at / 4, offset, bytes, ctx.nowNs());
    slots.op[slot] = OP.write;
    slots.flags[slot] = this.#flags;
    if (!this.#isSyncDue()) return;
    slots.flags[slot] = this.#flags | SLOT.link;
    this.#linked = slot;
  }

  #fillSync(slot: number): void {
    const { ctx, engine, verifier, syncsAll } = this.#input;
    const { slots } = engine;
    this.#writeBefore[slot] = this.#linked;
    if (syncsAll) this.#syncs[slot] = verifier?.beginSync() ?? 0;
    slots.file[slot] = slots.file[this.#linked] as number;
    slots.op[slot] = ctx.options.sync === 'fsync' ? OP.fsync : OP.fdatasync;
    slots.flags[slot] = 0;
    slots.kind[slot] = slots.kind[this.#linked] as number;
    this.#linked = NONE;
  }

  #isSyncDue(): boolean {
    const { ctx } = this.#input;
    const { syncEvery, syncEveryTime } = ctx.options;
    if (this.links === 0) return false;
    this.#sinceSync++;
    if (syncEveryTime === undefined) {
      if (this.#sinceSync < syncEvery) return false;
    } else {
      const now = ctx.nowNs();
      if (now - this.#syncedNs < syncEveryTime * MS) return false;
      this.#syncedNs = now;
    }
    this.#sinceSync = 0;
    return true;
  }

  #judgeSync(slot: number, write: number, code: string | null): void {
    const { ctx, engine, verifier, syncsAll } = this.#input;
    const { endNs } = engine.slots;
    this.#writeBefore[slot] = NONE;
    this.#verify(write, null, code === null);
    if (code !== null) return;
    if (syncsAll) verifier?.endSync(this.#syncs[slot] as number);
    ctx.metrics.sync.record(Math.max(0, (endNs[slot] as number) - (endNs[write] as number)));
  }

  /** Stamps and floors of what has ended; a failed one may have happened or not. */
  #verify(slot: number, code: string | null, isDurable: boolean): void {
    const { verifier, ctx, engine, places, trimsToZero, looksAtReads } = this.#input;
    if (verifier === null) return;
    const { slots } = engine;
    const offset = (slots.offset[slot] as number) + places.baseOf(slot);
    const bytes = slots.bytes[slot] as number;
    const moved = Math.max(0, slots.result[slot] as number);
    const op = slots.op[slot] as number;
    if (op === OP.write) verifier.end(offset, bytes, moved, isDurable);
    else if (op !== OP.read) verifier.end(offset, bytes, code === null && trimsToZero ? bytes : 0);
    else if (looksAtReads) {
      const at = (slots.at[slot] as number) / 4;
      verifier.endRead(this.#words, at, offset, moved, this.#floors[slot] as Uint32Array);
      ctx.metrics.verified.add(moved);
    }
  }

  /** Counted first; what it leads to is thrown by `left`, once it has been recorded. */
  #failed(slot: number, code: string): void {
    const { slots } = this.#input.engine;
    const what = `${KINDS[slots.kind[slot] as number] ?? ''} of ${slots.bytes[slot] as number} bytes at ${slots.offset[slot] as number}`;
    this.#refusal ??= this.#errors.failed(what, code, slots.endNs[slot] as number);
  }
}

export function isSyncing({ sync }: WorkloadOptions): boolean {
  return sync === 'fsync' || sync === 'fdatasync';
}
