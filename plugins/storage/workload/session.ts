/**
 * One instance of a storage simulator on an open target, from the engine to the last byte read back: what `disk` and
 * `block` do alike once each has opened what it works on.
 */
import type { Engine, OpName } from '../engines/engine.js';
import { EngineUnavailable, FILES_MAX } from '../engines/engine.js';
import type { OpenedEngine } from '../engines/open.js';
import { openEngine } from '../engines/open.js';
import type { Skew } from '../access/skew-check.js';
import { isOff } from '../access/skew-check.js';
import { fileLocks } from '../../../core/linux/file-lock.js';
import { FilePlaces } from './file-places.js';
import type { Places } from './places.js';
import { OnePlace } from './places.js';
import { OpenFiles } from '../layout/open-files.js';
import { advised, droppedFromCache } from './advice.js';
import type { Region } from './choices.js';
import { Choices, regionOf } from './choices.js';
import { drive } from '../drive.js';
import { Locker } from './locker.js';
import { FILE_BYTES, OVERHEAD_BYTES } from './memory-needs.js';
import { isVerifying, largestOf, mixOf } from './options.js';
import type { Lock, ManyFiles, Part, StorageContext, Target } from './target.js';
import { OPEN_FILES } from './target.js';
import { Verification } from './verification.js';
import { isSyncing, KINDS, StorageWork } from './work.js';

const SQ_POLL_IDLE_MS = 1000;

export class Session {
  readonly #ctx: StorageContext;
  readonly #target: Target;
  #engine: Engine | null = null;
  #openFiles: OpenFiles | null = null;
  #verification: Verification | null = null;
  #leasedBytes = 0;

  private constructor(ctx: StorageContext, target: Target) {
    this.#ctx = ctx;
    this.#target = target;
  }

  /** When all instances have, `run` comes. */
  static async open(ctx: StorageContext, target: Target): Promise<Session> {
    const session = new Session(ctx, target);
    if (isVerifying(ctx.options)) session.#verification = await Verification.open(ctx, target);
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
    const knownBytes = this.#verification?.ownBytes ?? 0;
    if (!this.#takeMemory(slots * largestOf(options) + OVERHEAD_BYTES + layoutBytes + knownBytes)) return;
    const { engine, why } = this.#open(slots);
    this.#engine = engine;
    ctx.log('info', `engine: ${why}`);
    const verifier = this.#verification?.verifier ?? null;
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
      await this.#verification?.end(engine, parts);
    }
  }

  async dispose(): Promise<void> {
    const left = await this.#engine?.close();
    this.#closeFiles();
    if (left !== undefined && left > 0)
      this.#ctx.log('warn', `${left} operations on ${this.#target.name} never ended`);
    this.#verification?.close();
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
      const dropped = options.dropCache
        ? droppedFromCache(on, region.from, region.bytes, () => this.#ctx.beat())
        : null;
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
}

interface PlacesMade {
  readonly choices: Choices;
  readonly places: Places;
  /** All that this instance may have written to, each part in one file. */
  readonly parts: () => Iterable<Part>;
}
