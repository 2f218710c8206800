/**
 * One instance of a storage simulator on an open target, from the engine to the last byte read back: what `disk` and
 * `block` do alike once each has opened what it works on.
 */
import { randomBytes } from 'node:crypto';
import type { ActorContext, EstimateInput, ResourceEstimate } from '../../../core/contract/index.js';
import { keptIn } from '../../../core/contract/index.js';
import type { Engine, OpName } from '../engines/engine.js';
import { EngineUnavailable, FILES_MAX } from '../engines/engine.js';
import type { OpenedEngine } from '../engines/open.js';
import { openEngine } from '../engines/open.js';
import type { Identity } from '../verify/kept-file.js';
import { keptStateBytes, NoKeptState } from '../verify/kept-file.js';
import type { Skew } from '../access/skew-check.js';
import { isOff } from '../access/skew-check.js';
import type { KeptState } from '../verify/kept-state.js';
import { openKeptState } from '../verify/kept-state.js';
import { Oracle } from '../verify/oracle.js';
import { readBack } from '../verify/read-back.js';
import { SECTOR_BYTES } from '../verify/stamp.js';
import { Verifier } from '../verify/verifier.js';
import { messageOf } from '../../../core/base/errors.js';
import { fileLocks } from '../../../core/linux/file-lock.js';
import { FilePlaces } from './file-places.js';
import type { PickOptions } from './pick.js';
import type { Places } from './places.js';
import { OnePlace } from './places.js';
import type { Layout } from '../layout/layout.js';
import { OpenFiles } from '../layout/open-files.js';
import { advised } from './advice.js';
import type { Region } from './choices.js';
import { Choices, regionOf } from './choices.js';
import { drive } from '../drive.js';
import type { STORAGE_METRICS } from './metrics.js';
import type { WorkloadOptions } from './options.js';
import type { LockerInput } from './locker.js';
import { Locker } from './locker.js';
import { isKept, isVerifying, isWriting, largestOf, mixOf, unitOf } from './options.js';
import type { Trim } from './work.js';
import { isSyncing, KINDS, StorageWork } from './work.js';

export interface Target {
  /** What is told of it, and what stamps are keyed by: the same for all instances that share it. */
  readonly name: string;
  /** This instance's alone: each has one. Else all work on it. */
  readonly isOwn: boolean;
  /** By which a later run knows it again. Default: by what is on it. */
  readonly identity?: Identity;
  /** The one open file or device; or many files, which the session opens. */
  readonly on: number | ManyFiles;
  /** What is worked on: so many bytes from here on. Default 0. */
  readonly from?: number;
  readonly bytes: number;
  readonly trim: Trim;
  readonly trimsToZero: boolean;
  /** Each operation locks its range, or the whole file, while it is under way: one at a time in each instance. */
  readonly lock?: Lock;
}

export interface Lock {
  readonly isRange: boolean;
  readonly onTaken: LockerInput['onTaken'];
}

export interface ManyFiles {
  readonly layout: Layout;
  /** Those of this instance. */
  readonly files: Uint32Array;
  readonly pick: PickOptions;
  /** Open at one time. Undefined: as many as operations in flight need, and 256 at the least. */
  readonly openMost: number | undefined;
  /** Throws what the system says. */
  readonly open: (file: number) => number;
  /** A file was opened, which took so long. */
  readonly onOpen: (ns: number) => void;
}

type Context = ActorContext<WorkloadOptions, typeof STORAGE_METRICS>;

const MIB = 2 ** 20;
/** Of payloads, choices and code, beside the engine's memory. */
const OVERHEAD_BYTES = 8 * MIB;
/** Of each file of many: its size, its place, where a walk in it goes on, its name. */
export const FILE_BYTES = 128;
const SQ_POLL_IDLE_MS = 1000;
/** Open files of one instance where the scenario does not say. */
export const OPEN_FILES = 256;
/** Reading back once a stop is asked; graceful stops of all profiles are longer. */
const READ_BACK_AT_STOP_NS = 5e9;

/** Shared memory for the oracle of a target of so many bytes that all instances work on; 0 where none is. */
export function sharedBytes(options: WorkloadOptions, bytes: number): number {
  const isInMemory = isVerifying(options) && !isKept(options);
  return isInMemory && options.distribution !== 'per-instance' ? oracleBytes(options, bytes) : 0;
}

export function memoryEstimate(
  options: WorkloadOptions,
  { control, peak, instances }: Omit<EstimateInput<unknown>, 'options'>,
  targetBytes: number,
): Required<Pick<ResourceEstimate, 'memoryBytes'>> {
  const inFlight = control === 'concurrency' ? peak : IN_FLIGHT * instances;
  const oracles = options.distribution === 'per-instance' ? instances : 1;
  const oracle = isVerifying(options) ? oracles * oracleBytes(options, targetBytes) : 0;
  return { memoryBytes: instances * OVERHEAD_BYTES + inFlight * largestOf(options) + oracle };
}

/** Operations in flight of one instance where the scenario does not say. */
const IN_FLIGHT = 64;

function oracleBytes(options: WorkloadOptions, bytes: number): number {
  const units = Math.ceil(bytes / unitOf(options));
  return isKept(options) ? keptStateBytes(units) : Oracle.bytes(units);
}

export class Session {
  readonly #ctx: Context;
  readonly #target: Target;
  #engine: Engine | null = null;
  #openFiles: OpenFiles | null = null;
  #state: Pick<KeptState, 'oracle' | 'key'> | null = null;
  #kept: KeptState | null = null;
  #leasedBytes = 0;

  private constructor(ctx: Context, target: Target) {
    this.#ctx = ctx;
    this.#target = target;
  }

  /** When all instances have, `run` comes. */
  static async open(ctx: Context, target: Target): Promise<Session> {
    const session = new Session(ctx, target);
    if (isVerifying(ctx.options)) await session.#openState();
    return session;
  }

  async run(): Promise<'done' | void> {
    const ctx = this.#ctx;
    const { options } = ctx;
    const target = this.#target;
    // A sync behind a write takes a slot of its own.
    const { lock } = target;
    if (lock !== undefined && ctx.control === 'concurrency' && ctx.operations.inFlightMax > 1)
      ctx.unavailable('an instance has one lock, and so one operation, at a time; here it is to have more');
    const inFlight = lock === undefined ? ctx.operations.inFlightMax : 1;
    const slots = inFlight * (isSyncing(options) ? 2 : 1);
    const { on } = target;
    const layoutBytes = typeof on === 'number' ? 0 : on.layout.count * FILE_BYTES;
    const knownBytes = this.#ownOracleBytes();
    if (!this.#takeMemory(slots * largestOf(options) + OVERHEAD_BYTES + layoutBytes + knownBytes)) return;
    const { engine, why } = this.#open(slots);
    this.#engine = engine;
    ctx.log('info', `engine: ${why}`);
    const verifier = this.#state === null ? null : this.#verifier(this.#state);
    const looksAtReads = options.verify === 'inline' || options.verify === 'both';
    const { choices, places, parts } = this.#places(engine);
    const { trim, trimsToZero } = target;
    const locker = lock === undefined ? null : this.#locker(lock);
    const told = { verifier, looksAtReads, syncsAll: typeof on === 'number', locker };
    const work = new StorageWork({ ctx, engine, choices, places, trim, trimsToZero, ...told });
    try {
      return await drive({ ctx, engine, operations: KINDS, work });
    } finally {
      ctx.log('info', this.#told(engine));
      this.#tellSkew(places.skew?.result() ?? null);
      const opens = this.#openFiles?.closed ?? 0;
      if (opens > 0) ctx.log('info', `${opens} times an open file was closed to open another one`);
      if (verifier !== null && engine.inFlight === 0) await this.#readBack(engine, parts, verifier);
      if (verifier !== null && verifier.unsettled > 0) {
        ctx.log('info', `${verifier.unsettled} sectors were being written while they were read: not judged`);
        ctx.metrics.unverified.add(verifier.unsettled * SECTOR_BYTES);
      }
    }
  }

  async dispose(): Promise<void> {
    const left = await this.#engine?.close();
    this.#closeFiles();
    if (left !== undefined && left > 0)
      this.#ctx.log('warn', `${left} operations on ${this.#target.name} never ended`);
    this.#kept?.close();
    if (this.#leasedBytes > 0) this.#ctx.lease.give(this.#leasedBytes);
  }

  #open(slots: number): OpenedEngine {
    const { options } = this.#ctx;
    try {
      return openEngine({
        engine: options.engine,
        depth: slots,
        slotBytes: largestOf(options),
        operations: this.#operations(),
        ...(options.sqPoll && { sqPollIdleMs: SQ_POLL_IDLE_MS }),
        ...(options.ioPoll && { ioPoll: true }),
      });
    } catch (error) {
      if (error instanceof EngineUnavailable) return this.#ctx.unavailable(error.message);
      throw error;
    }
  }

  /** Makes it known to the engine, and what the scenario says of it to the kernel. */
  #attach(engine: Engine, fd: number, part?: Region): number {
    const ctx = this.#ctx;
    const { advise } = ctx.options;
    let file: number;
    try {
      file = engine.attach(fd);
    } catch (error) {
      if (error instanceof EngineUnavailable) return ctx.unavailable(error.message);
      throw error;
    }
    const failed =
      advise === 'normal' ? null : advised(fd, advise, part?.from, part?.bytes, { engine, file });
    return failed === null ? file : ctx.unavailable(`${this.#target.name}: ${failed}`);
  }

  /** What the engine made use of, for the record. */
  #told(engine: Engine): string {
    const { name, uses, lacks } = { name: engine.name, ...engine.report() };
    const { advise } = this.#ctx.options;
    const by = engine.advise === undefined ? 'posix_fadvise' : 'posix_fadvise, madvise';
    const advice = advise === 'normal' ? [] : [`advice "${advise}" (${by})`];
    const without = lacks.length > 0 ? `; without ${lacks.join('; ')}` : '';
    return `${name} used ${[...uses, ...advice].join(', ')}${without}`;
  }

  #operations(): OpName[] {
    const { options } = this.#ctx;
    const mix = mixOf(options);
    const names: OpName[] = [];
    if (mix.read > 0 || options.verify !== 'off') names.push('read');
    if (mix.write > 0) names.push('write');
    if (mix.trim > 0) names.push(this.#target.trim);
    if (isSyncing(options)) names.push(options.sync === 'fsync' ? 'fsync' : 'fdatasync');
    return names;
  }

  /** The engine's buffers are memory like any other: leased before they are taken. */
  #takeMemory(bytes: number): boolean {
    const { lease } = this.#ctx;
    for (let left = bytes; left > 0;) {
      const n = Math.min(left, lease.batchMax);
      if (!lease.wait(n)) return false;
      lease.confirm(n);
      this.#leasedBytes += n;
      left -= n;
    }
    return true;
  }

  #locker({ isRange, onTaken }: Lock): Locker {
    const ctx = this.#ctx;
    const locks = fileLocks();
    if (locks === null) return ctx.unavailable('locks need the optional package koffi on 64-bit Linux');
    return new Locker({ locks, isRange, onTaken, stopped: () => ctx.stopped(), beat: () => ctx.beat() });
  }

  #closeFiles(): void {
    const files = this.#openFiles;
    if (files === null) return;
    files.closeAll();
    for (const [code, times] of files.failedCloses)
      this.#ctx.log('warn', `${times} times a file could not be closed in order: ${code}`);
  }

  #places(engine: Engine): PlacesMade {
    const { options } = this.#ctx;
    const random = (): number => this.#ctx.random();
    const { slots } = engine;
    const { on } = this.#target;
    if (typeof on === 'number') {
      const region = this.#region();
      const dropped = options.dropCache ? advised(on, 'dontNeed', region.from, region.bytes) : null;
      if (dropped !== null) this.#ctx.unavailable(`${this.#target.name}: ${dropped}`);
      const file = this.#attach(engine, on, region);
      const choices = new Choices(options, region, random);
      const part = { base: 0, region, use: () => ({ file, fd: on }), done: () => undefined };
      return { choices, places: new OnePlace(slots, choices, { file, fd: on }), parts: () => [part] };
    }
    const { layout, files, pick } = on;
    const open = (this.#openFiles = this.#openMany(engine, on));
    const choices = new Choices(options, { from: 0, bytes: largestOf(options) }, random);
    const places = new FilePlaces({ slots, options: { ...options, ...pick }, layout, files, open, random });
    const parts = function* (): Generator<Part> {
      for (const file of files)
        yield {
          base: layout.starts[file] as number,
          region: { from: 0, bytes: layout.bytes[file] as number },
          use: () => {
            const { attached, fd } = open.use(file);
            return { file: attached, fd };
          },
          done: () => open.done(file),
        };
    };
    return { choices, places, parts };
  }

  #openMany(engine: Engine, { openMost, open, onOpen, files }: ManyFiles): OpenFiles {
    const ctx = this.#ctx;
    const most = openMost ?? Math.max(OPEN_FILES, ctx.operations.inFlightMax);
    if (most < Math.min(files.length, ctx.operations.inFlightMax))
      ctx.unavailable(
        `"openFiles" is ${most}, and ${ctx.operations.inFlightMax} operations in flight may each need a file of their own`,
      );
    const attaching = {
      attach: (fd: number) => this.#attach(engine, fd),
      detach: (file: number) => engine.detach(file),
    };
    return new OpenFiles({
      engine: attaching,
      most: Math.min(most, FILES_MAX),
      open,
      onOpen,
      nowNs: () => ctx.nowNs(),
    });
  }

  #region(): Region {
    const { options, instance } = this.#ctx;
    const { bytes, name } = this.#target;
    const why = `a part of it for each of ${instance.count} instances holds no block`;
    return (
      regionOf(options, this.#target, instance) ?? this.#ctx.unavailable(`${name} has ${bytes} bytes: ${why}`)
    );
  }

  /** The self-test of what was drawn, told and counted. */
  #tellSkew(skew: Skew | null): void {
    if (skew === null) return;
    const { draws, distance, p } = skew;
    const off = `off by ${(distance * 100).toFixed(2)} % at most${p === null ? '' : `, by chance with p ${p.toPrecision(2)}`}`;
    if (isOff(skew)) this.#ctx.metrics['skew-off'].add(1);
    this.#ctx.log(isOff(skew) ? 'warn' : 'info', `${draws} draws beside their formula: ${off}`);
  }

  #verifier(state: Pick<KeptState, 'oracle' | 'key'>): Verifier {
    const ctx = this.#ctx;
    const { options, instance, metrics } = ctx;
    const { name, from = 0 } = this.#target;
    return new Verifier({
      ...state,
      from,
      unitBytes: unitOf(options),
      writer: instance.index,
      startNs: ctx.nowNs(),
      onBad: (verdict, sector, found) =>
        ctx.log('warn', `${verdict}: sector ${sector} of ${name} holds ${found}`),
      onCount: (verdict) => metrics['bad-sectors'].with({ verdict }).add(1),
    });
  }

  async #openState(): Promise<void> {
    const { options, shared, instance } = this.#ctx;
    const { bytes, isOwn } = this.#target;
    const units = Math.ceil(bytes / unitOf(options));
    const memory = shared !== null && shared.byteLength >= Oracle.bytes(units) ? shared : null;
    // How much instances share may not have been known when the plan was made.
    const isCommon = !isOwn && instance.count > 1;
    if (isKept(options) || (isCommon && memory === null))
      this.#state = this.#kept = await this.#keptState(!isKept(options));
    else this.#state = this.#stateInMemory(units, memory);
  }

  /** What is known of all that is worked on: of what instances share the first one has the lease, unless the plan has it. */
  #ownOracleBytes(): number {
    const { options, instance, shared } = this.#ctx;
    const { bytes, isOwn } = this.#target;
    if (this.#state === null || (!isOwn && instance.index > 0)) return 0;
    const needed = oracleBytes(options, bytes);
    const isPlanned = this.#kept === null && shared !== null && shared.byteLength >= needed;
    return isPlanned ? 0 : needed;
  }

  #stateInMemory(units: number, memory: SharedArrayBuffer | null): Pick<KeptState, 'oracle' | 'key'> {
    const oracle = new Oracle(memory ?? new SharedArrayBuffer(Oracle.bytes(units)), units);
    const { runLow, runHigh } = newMark();
    return { oracle, key: { ...oracle.run(runLow, runHigh), target: nameHash(this.#target.name) } };
  }

  async #keptState(isPassing: boolean): Promise<KeptState> {
    const ctx = this.#ctx;
    const { actor, options, instance } = ctx;
    const { bytes, name, from = 0, isOwn, identity = null } = this.#target;
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

  async #readBack(engine: Engine, parts: () => Iterable<Part>, verifier: Verifier): Promise<void> {
    const ctx = this.#ctx;
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

interface PlacesMade {
  readonly choices: Choices;
  readonly places: Places;
  /** All that this instance may have written to, each part in one file. */
  readonly parts: () => Iterable<Part>;
}

interface Part {
  /** From an offset in the file to its place in all that is worked on. */
  readonly base: number;
  readonly region: Region;
  /** Its file as the engine numbered it, and as the system did, open until `done`. Throws what the system says. */
  readonly use: () => { readonly file: number; readonly fd: number };
  readonly done: () => void;
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
