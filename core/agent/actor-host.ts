/**
 * The agent's side of one actor: its timeline, the recorders of its instances, starting them one after the other,
 * what is asked of it, and its clean-up after the last of them. Owned by `agent.ts`.
 */
import { MessageChannel } from 'node:worker_threads';
import { nowNs } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { TimelineView } from '../contract/control-block.js';
import type { FromAgent, InstanceOutcome, ToAgent } from '../contract/messages.js';
import type { MetricSpecs } from '../contract/metrics.js';
import type { Piece, PlannedActor } from '../contract/plan.js';
import type { FromInstance, InstanceSeries, ToInstance } from '../actor/input.js';
import { TimelineReader } from '../actor/timeline-reader.js';
import type { ACTOR_METRICS } from '../metrics/catalogue.js';
import { actorMetrics, opMetrics } from '../metrics/catalogue.js';
import type { FrameBuilder } from '../metrics/frame-builder.js';
import type { GaugeWriter } from '../metrics/recorder.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';
import { makeTimeline, setPieces, setStarts } from '../plan/timeline.js';
import { AskedSeries } from './asked-gauge.js';
import { drain } from './drain.js';
import { InstanceHost } from './instance-host.js';
import type { Pool } from './pool.js';

/** `cleanup` of a simulator gets so long before its thread is ended. */
const CLEANUP_MS = 5000;
/** An instance that is ended by itself (it was stuck) is asked first; after this its thread is ended. */
const END_ASK_MS = 1000;

export type LoadMessage = ToAgent & { readonly type: 'load' };

export interface ActorHostInput {
  readonly actor: PlannedActor;
  readonly load: LoadMessage;
  readonly pool: Pool;
  readonly frames: FrameBuilder;
  readonly doorbell: SharedArrayBuffer;
  readonly recallAddress: number | null;
  /** Niceness of instance threads, absolute. */
  readonly nice: number;
  /** Threads are made one per turn, of all actors together. */
  readonly turn: () => Promise<void>;
  readonly send: (body: FromAgent) => void;
  /** Makes the scratch directory of an instance, journal first. */
  readonly makeScratch: (actor: string, instance: number) => string;
  /** Writes into the journal that a path will be made; throws when it may not be. */
  readonly claim: (path: string) => void;
}

export class ActorHost {
  readonly instances: readonly InstanceHost[];
  readonly actor: PlannedActor;
  readonly #input: ActorHostInput;
  readonly #timeline: TimelineView;
  readonly #asked: AskedSeries;
  readonly #own: { readonly asked: GaugeWriter; readonly cpu: GaugeWriter; readonly rss: GaugeWriter | null };
  readonly #shared: SharedArrayBuffer | null;
  readonly #reader: TimelineReader;
  /** Recorders of each instance: the next life of one goes on counting where the last one was. */
  readonly #series: (InstanceSeries | undefined)[] = [];
  /** Ended for being stuck, each with the timer that ends its thread. */
  readonly #condemned = new Map<InstanceHost, NodeJS.Timeout>();
  /** Failed ones whose places are kept; called with true they start again. */
  readonly #held = new Set<(again: boolean) => void>();
  #isGivenUp = false;
  #unfinished: number;
  #hasCleanup = false;
  #scale = 1;
  #askedToNs = NaN;
  #cpuNs = 0;
  #cpuAtNs = NaN;

  constructor(input: ActorHostInput) {
    const { actor, load } = input;
    this.#input = input;
    this.actor = actor;
    this.#timeline = makeTimeline(load.phases, actor.name);
    this.#reader = new TimelineReader(this.#timeline);
    this.#asked = new AskedSeries(this.#reader, actor, actor.peak.amount);
    this.#shared = actor.sharedBytes > 0 ? new SharedArrayBuffer(actor.sharedBytes) : null;
    this.#own = this.#openOwn();
    this.instances = actor.shares.map((_, index) => new InstanceHost(actor.name, index, actor.quietMs));
    this.#unfinished = this.instances.length;
  }

  /** Settles when every instance has ended and the actor is cleaned up. `onLast` runs before the last end is told. */
  async run(onLast: () => void): Promise<void> {
    const prepared = { isOver: false, settle: (): void => undefined };
    const isPrepared = new Promise<void>((resolve) => {
      prepared.settle = resolve;
    });
    let left = this.instances.length;
    const tell = async (host: InstanceHost, outcome: InstanceOutcome): Promise<void> => {
      if (--left === 0) {
        await this.#cleanUp();
        onLast();
      }
      this.#input.send({ type: 'ended', actor: this.actor.name, instance: host.index, outcome });
    };
    const live = async (host: InstanceHost): Promise<void> => {
      if (host.index > 0) await isPrepared;
      for (;;) {
        await this.#input.turn();
        const outcome = host.hasEnded ? stopped : await this.#runInstance(host, prepared.settle);
        // Should `prepare` have failed, the others are not started.
        if (host.index === 0 && !host.isLoaded) this.instances.forEach((other) => other.cancel());
        prepared.settle();
        this.#giveBack(host, outcome);
        if (!this.#mayRestart(outcome)) return tell(host, outcome);
        if (!(await this.#hold(host, outcome))) return tell(host, stopped);
        host.revive();
      }
    };
    await Promise.all(this.instances.map(live));
  }

  /** Fills the places of those that failed. */
  restart(): void {
    for (const fill of [...this.#held]) fill(true);
  }

  /** The run stops: whoever has failed stays ended. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const fill of [...this.#held]) fill(false);
  }

  /** Asks one instance to stop and ends its thread when it does not; told as a failure. */
  end(index: number): void {
    const host = this.instances[index];
    if (host === undefined || host.hasEnded || this.#condemned.has(host)) return;
    this.#condemned.set(
      host,
      setTimeout(() => host.terminate(), END_ASK_MS),
    );
    host.raise('stop');
    host.raise('release');
  }

  /** The start instants of all phases and of the end. May come in the middle of a run, when the agent was lost. */
  start(startsNs: readonly number[]): void {
    if (this.#reader.startNs !== null) return;
    setStarts(this.#timeline, startsNs);
    const [startNs = NaN] = startsNs;
    const now = nowNs();
    // What was asked before this life is not its to tell, but growth goes on from there.
    if (now > startNs) this.#asked.over(startNs, now, this.#scale);
    this.#askedToNs = Math.max(startNs, now);
    this.#advanceCpu(now); // what loading cost is not what the load costs
    for (const host of this.instances) host.start(Math.max(startNs, now));
  }

  movePhases(startsNs: readonly number[]): void {
    if (this.#reader.startNs === null) return;
    this.#advanceAsked(nowNs());
    setStarts(this.#timeline, startsNs);
    for (const host of this.instances) host.raise('go'); // wakes those that sleep until a phase ends
  }

  /** A search has come to its next level. */
  setSteps(phaseIndex: number, pieces: readonly Piece[]): void {
    const hasStarted = this.#reader.startNs !== null;
    if (hasStarted) this.#advanceAsked(nowNs());
    setPieces(this.#timeline, phaseIndex, pieces);
    if (!hasStarted) return;
    for (const host of this.instances) host.raise('go'); // wakes those that sleep until the level changes
  }

  setScale(scale: number): void {
    const now = nowNs();
    this.#advanceAsked(now);
    this.#scale = scale;
    for (const host of this.instances) host.setScale(scale, now);
  }

  /** Brings the actor's own series up to now, for the frame that is built next. */
  measure(): void {
    const now = nowNs();
    this.#advanceAsked(now);
    this.#advanceCpu(now);
    this.#own.rss?.set(process.memoryUsage.rss());
  }

  /** What is asked before the start instant is nothing, not 0. */
  #advanceAsked(toNs: number): void {
    const fromNs = this.#askedToNs;
    if (Number.isNaN(fromNs) || toNs <= fromNs) return;
    const { avg, min, max, last } = this.#asked.over(fromNs, toNs, this.#scale);
    this.#own.asked.advance(avg, min, max, last, toNs - fromNs);
    this.#askedToNs = toNs;
  }

  #advanceCpu(now: number): void {
    const used = this.instances.map((host) => host.cpuNs());
    const known = used.filter((cpuNs) => cpuNs !== null);
    if (known.length === 0) return;
    const total = known.reduce((sum, cpuNs) => sum + cpuNs, 0);
    const spanNs = now - this.#cpuAtNs;
    if (spanNs > 0) {
      const share = Math.max(0, total - this.#cpuNs) / spanNs;
      this.#own.cpu.advance(share, share, share, share, spanNs);
    }
    this.#cpuNs = total;
    this.#cpuAtNs = now;
  }

  async #runInstance(host: InstanceHost, onPrepared: () => void): Promise<InstanceOutcome> {
    const { load, nice, doorbell, recallAddress, pool } = this.#input;
    const { actor } = this;
    const isPrepared = this.#series[host.index] !== undefined;
    const series = (this.#series[host.index] ??= this.#makeSeries());
    const { seed, record } = load;
    const common = { actor, seed, record, nice, doorbell, recallAddress, shared: this.#shared };
    const input = { ...common, series, isPrepared, timeline: this.#timeline.buffer };
    const outcome = await host.run(pool, input, (message, answer) =>
      this.#onMessage(host, message, answer, onPrepared),
    );
    const wasCondemned = this.#condemned.has(host);
    clearTimeout(this.#condemned.get(host));
    this.#condemned.delete(host);
    if (outcome.kind === 'done' && --this.#unfinished === 0) this.#finish();
    if (!wasCondemned || outcome.kind !== 'stopped') return outcome;
    return { kind: 'failed', method: 'none', reason: 'it was stuck, and ended when it was asked to' };
  }

  /** Its work is complete: nothing more is asked of it. */
  #finish(): void {
    this.#advanceAsked(nowNs());
    this.#own.asked.set(NaN);
    this.#askedToNs = NaN;
  }

  #mayRestart(outcome: InstanceOutcome): boolean {
    const hasFailed = outcome.kind === 'failed' || outcome.kind === 'terminated';
    const hasStarted = this.#reader.startNs !== null;
    return hasFailed && hasStarted && !this.#isGivenUp && this.actor.onFailure === 'restart';
  }

  /** Tells the failure and waits for what is decided. */
  #hold({ index: instance }: InstanceHost, outcome: InstanceOutcome): Promise<boolean> {
    return new Promise((resolve) => {
      const fill = (again: boolean): void => {
        this.#held.delete(fill);
        resolve(again);
      };
      this.#held.add(fill);
      this.#input.send({ type: 'ended', actor: this.actor.name, instance, outcome, isHeld: true });
    });
  }

  #onMessage(
    host: InstanceHost,
    message: FromInstance,
    answer: (message: ToInstance) => void,
    onPrepared: () => void,
  ): void {
    const { send, makeScratch, claim } = this.#input;
    const [actor, instance] = [this.actor.name, host.index];
    switch (message.type) {
      case 'prepared':
        return onPrepared();
      case 'loaded':
        this.#hasCleanup ||= message.hasCleanup;
        return send({ type: 'loaded', actor, instance, tookMs: message.tookMs });
      case 'log':
        return this.#log(message.level, message.message, instance);
      case 'series':
        return this.#addSeries(message.specs, [message.buffer]);
      case 'scratch':
        try {
          return answer({ type: 'scratch', path: makeScratch(actor, instance) });
        } catch (error) {
          return answer({ type: 'scratch-failed', reason: messageOf(error) });
        }
      case 'claim': {
        const { path } = message;
        try {
          claim(path);
          return answer({ type: 'claimed', path });
        } catch (error) {
          return answer({ type: 'claim-failed', path, reason: messageOf(error) });
        }
      }
    }
  }

  /** The ledger counts what is gone with its thread as given back; what was not given back in order is said. */
  #giveBack(host: InstanceHost, outcome: InstanceOutcome): void {
    const series = this.#series[host.index];
    if (outcome.kind === 'terminated' && series !== undefined && this.#reader.startNs !== null) {
      // A thread that was ended could not say so itself.
      openRecorders(this.#heldSpecs(), series.core.buffer, nowNs)['actor.held'].set(0);
    }
    const kept = host.forgetLease();
    if (kept === 0) return;
    this.#log('warn', `ended with ${kept} of its lease not given back; it went with the thread`, host.index);
  }

  async #cleanUp(): Promise<void> {
    if (!this.#hasCleanup) return;
    const { port1, port2 } = new MessageChannel();
    const hear = (message: FromInstance): void => {
      if (message.type === 'log') this.#log(message.level, message.message);
    };
    port1.on('message', hear);
    try {
      const signal = AbortSignal.timeout(CLEANUP_MS);
      const outcome = await this.#input.pool.cleanUp({ actor: this.actor, port: port2 }, signal);
      if (outcome.kind === 'failed') this.#log('warn', `cleanup failed: ${outcome.reason}`);
    } catch (error) {
      this.#log('warn', `cleanup did not end: ${messageOf(error)}`);
    } finally {
      drain(port1, hear);
      port1.close();
    }
  }

  #log(level: 'debug' | 'info' | 'warn', message: string, instance = 0): void {
    this.#input.send({ type: 'log', actor: this.actor.name, instance, level, message });
  }

  #makeSeries(): InstanceSeries {
    const { metrics, operations, simulator } = this.actor;
    const operationSpecs = operations.length > 0 ? opMetrics(operations) : null;
    return {
      plugin: this.#allot(metrics, simulator),
      core: this.#allot(this.#heldSpecs()),
      operations: operationSpecs === null ? null : this.#allot(operationSpecs),
    };
  }

  #heldSpecs(): { 'actor.held': (typeof ACTOR_METRICS)['actor.held'] } {
    return { 'actor.held': actorMetrics(this.actor)['actor.held'] };
  }

  #allot(specs: MetricSpecs, prefix = ''): InstanceSeries['plugin'] {
    const buffer = new SharedArrayBuffer(recorderBytes(specs));
    this.#addSeries(specs, [buffer], prefix);
    return { specs, buffer };
  }

  #addSeries(specs: MetricSpecs, buffers: readonly SharedArrayBuffer[], prefix = ''): void {
    this.#input.frames.add({ prefix, specs, tags: { actor: this.actor.name }, buffers });
  }

  /** The series that the agent's main thread writes itself. */
  #openOwn(): { asked: GaugeWriter; cpu: GaugeWriter; rss: GaugeWriter | null } {
    const all = actorMetrics(this.actor);
    const always = { 'actor.asked': all['actor.asked'], 'actor.cpu': all['actor.cpu'] };
    const { buffer } = this.#allot(always);
    const common = openRecorders(always, buffer, nowNs);
    const { 'actor.asked': asked, 'actor.cpu': cpu } = common;
    if (this.actor.lane !== 'process') return { asked, cpu, rss: null };
    const own = { 'actor.rss': all['actor.rss'] };
    const rss = openRecorders(own, this.#allot(own).buffer, nowNs)['actor.rss'];
    return { asked, cpu, rss };
  }
}

const stopped: InstanceOutcome = { kind: 'stopped' };
