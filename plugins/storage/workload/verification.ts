/**
 * What one instance knows of what it and others have written, and what comes of holding that against what is read: opened
 * before the load, looked at by every operation, and read back in the end. Made by `session.ts` where a scenario verifies.
 */
import { randomBytes } from 'node:crypto';
import { messageOf } from '../../../core/base/errors.js';
import { keptIn } from '../../../core/contract/index.js';
import type { Engine } from '../engines/engine.js';
import { NoKeptState } from '../verify/kept-file.js';
import type { KeptState } from '../verify/kept-state.js';
import { openKeptState } from '../verify/kept-state.js';
import { Oracle } from '../verify/oracle.js';
import { readBack } from '../verify/read-back.js';
import { SECTOR_BYTES } from '../verify/stamp.js';
import { Verifier } from '../verify/verifier.js';
import { oracleBytes } from './memory-needs.js';
import { isKept, isWriting, unitOf } from './options.js';
import type { Part, StorageContext, Target } from './target.js';

/** Reading back once a stop is asked; graceful stops of all profiles are longer. */
const READ_BACK_AT_STOP_NS = 5e9;

type State = Pick<KeptState, 'oracle' | 'key'>;

export class Verification {
  readonly #ctx: StorageContext;
  readonly #target: Target;
  readonly #state: State;
  /** The same, where it is in a file. */
  readonly #kept: KeptState | null;
  readonly verifier: Verifier;

  private constructor(ctx: StorageContext, target: Target, state: State, kept: KeptState | null) {
    this.#ctx = ctx;
    this.#target = target;
    this.#state = state;
    this.#kept = kept;
    this.verifier = this.#makeVerifier();
  }

  /** `ctx.unavailable` where an earlier run left nothing to go on from. */
  static async open(ctx: StorageContext, target: Target): Promise<Verification> {
    const { options, shared, instance } = ctx;
    const units = Math.ceil(target.bytes / unitOf(options));
    const memory = shared !== null && shared.byteLength >= Oracle.bytes(units) ? shared : null;
    // How much instances share may not have been known when the plan was made.
    const isCommon = !target.isOwn && instance.count > 1;
    if (!isKept(options) && (!isCommon || memory !== null))
      return new Verification(ctx, target, stateInMemory(target.name, units, memory), null);
    const kept = await keptState(ctx, target, !isKept(options));
    return new Verification(ctx, target, kept, kept);
  }

  /** Memory to be leased: of what instances share the first one has the lease, unless the plan has it. */
  get ownBytes(): number {
    const { options, instance, shared } = this.#ctx;
    const { bytes, isOwn } = this.#target;
    if (!isOwn && instance.index > 0) return 0;
    const needed = oracleBytes(options, bytes);
    const isPlanned = this.#kept === null && shared !== null && shared.byteLength >= needed;
    return isPlanned ? 0 : needed;
  }

  /** The load is over: reads back what it is to, and tells what could not be judged. */
  async end(engine: Engine, parts: () => Iterable<Part>): Promise<void> {
    if (engine.inFlight === 0) await this.#readBack(engine, parts);
    const { unsettled } = this.verifier;
    if (unsettled === 0) return;
    this.#ctx.log('info', `${unsettled} sectors were being written while they were read: not judged`);
    this.#ctx.metrics.unverified.add(unsettled * SECTOR_BYTES);
  }

  close(): void {
    this.#kept?.close();
  }

  #makeVerifier(): Verifier {
    const ctx = this.#ctx;
    const { options, instance, metrics } = ctx;
    const { name, from = 0 } = this.#target;
    return new Verifier({
      ...this.#state,
      from,
      unitBytes: unitOf(options),
      writer: instance.index,
      startNs: ctx.nowNs(),
      onBad: (verdict, sector, found) =>
        ctx.log('warn', `${verdict}: sector ${sector} of ${name} holds ${found}`),
      onCount: (verdict) => metrics['bad-sectors'].with({ verdict }).add(1),
    });
  }

  async #readBack(engine: Engine, parts: () => Iterable<Part>): Promise<void> {
    const ctx = this.#ctx;
    const { verifier } = this;
    const { verify } = ctx.options;
    const hasSomething = isWriting(ctx.options) || ctx.options.verifyFrom !== undefined;
    if ((verify !== 'after' && verify !== 'both') || !hasSomething) return;
    let untilNs = Infinity;
    const isOver = (): boolean => {
      if (ctx.stopped() && untilNs === Infinity) untilNs = ctx.nowNs() + READ_BACK_AT_STOP_NS;
      return ctx.nowNs() > untilNs;
    };
    const unitBytes = unitOf(ctx.options);
    const onRead = (bytes: number): void => ctx.metrics.verified.add(bytes);
    let [done, all, lost] = [0, 0, 0];
    for (const { base, region, use, done: end } of parts()) {
      all += region.bytes;
      if (isOver()) continue;
      let opened: ReturnType<typeof use>;
      try {
        opened = use();
      } catch (error) {
        ctx.log('warn', `a file of ${this.#target.name} cannot be read back: ${messageOf(error)}`);
        continue;
      }
      const input = { engine, ...opened, region, base, verifier, unitBytes, isOver, onRead };
      const { bytes, unreadableBytes } = await readBack(input);
      end();
      done += bytes;
      lost += unreadableBytes;
    }
    const rest = all - done - lost;
    const why = rest > 0 ? `; the rest of ${all} was not: there was no more time, or no file` : '';
    ctx.log(rest > 0 ? 'warn' : 'info', `read back ${done} bytes of ${this.#target.name}${why}`);
    ctx.metrics.unverified.add(all - done);
  }
}

function stateInMemory(name: string, units: number, memory: SharedArrayBuffer | null): State {
  const oracle = new Oracle(memory ?? new SharedArrayBuffer(Oracle.bytes(units)), units);
  const { runLow, runHigh } = newMark();
  return { oracle, key: { ...oracle.run(runLow, runHigh), target: nameHash(name) } };
}

async function keptState(ctx: StorageContext, target: Target, isPassing: boolean): Promise<KeptState> {
  const { actor, options, instance } = ctx;
  const { bytes, name, from = 0, isOwn, identity = null } = target;
  const { verifyFrom, powerLoss } = options;
  const index = isOwn ? instance.index : 0;
  try {
    const state = openKeptState({
      folder: await ctx.keep(),
      writer: instance.index,
      place: { name, index, identity, from, bytes, unitBytes: unitOf(options) },
      key: { ...newMark(), target: nameHash(name) },
      from: verifyFrom === undefined ? null : keptIn(verifyFrom, actor),
      isPowerLost: powerLoss ?? null,
      isPassing,
    });
    if (state.story !== null) ctx.log('info', `goes on from ${verifyFrom ?? ''}: ${state.story}`);
    return state;
  } catch (error) {
    if (error instanceof NoKeptState) return ctx.unavailable(error.message);
    throw error;
  }
}

/** Not drawn from the seed: a run that is repeated must not take its forerunner's sectors for its own. */
function newMark(): { readonly runLow: number; readonly runHigh: number } {
  const mark = randomBytes(8);
  return { runLow: (mark.readUInt32LE(0) | 1) >>> 0, runHigh: (mark.readUInt32LE(4) | 1) >>> 0 };
}

/** FNV-1a: a number for a name, the same for every instance. */
function nameHash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
