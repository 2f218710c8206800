/**
 * What the core gives an instance: the plan's numbers, what is asked now, leases, recorders, parking. Made once per
 * instance by `entry.ts`; everything here runs on the instance's own thread.
 */
import { mkdir } from 'node:fs/promises';
import type { MessagePort } from 'node:worker_threads';
import { MS, nowNs } from '../base/clock.js';
import { randomFor } from '../base/random.js';
import type { ControlBlock } from '../contract/control-block.js';
import { NUMBER_WORD, openTimeline } from '../contract/control-block.js';
import { keptIn } from '../contract/kept.js';
import type { MetricSpecs, Recorders } from '../contract/metrics.js';
import type { ActorContext } from '../contract/plugin.js';
import { wordsAt } from '../linux/shared-page.js';
import { GaugeWriter, openRecorders } from '../metrics/recorder.js';
import { AskedAmount, isWhole } from './asked.js';
import type { FromInstance, InstanceInput } from './input.js';
import { InstanceLease, noLease } from './lease.js';
import { LogPort } from './log-port.js';
import { OperationRecorder } from './operation-recorder.js';
import { EngineOperations } from './operations.js';
import { Pace } from './pace.js';
import type { InstancePacing } from './planned-pacing.js';
import { pacingOf } from './planned-pacing.js';
import { requestClaim, requestScratch } from './scratch.js';
import { TimelineReader } from './timeline-reader.js';
import { Waiter } from './waiter.js';

/** Thrown by `unavailable`: the host lacks what the simulator needs. Ends the instance, not as a failure. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

export function unavailable(reason: string): never {
  throw new UnavailableError(reason);
}

type Context = ActorContext<Readonly<Record<string, unknown>>, MetricSpecs>;

export class InstanceContext implements Context {
  readonly actor: string;
  readonly instance: Context['instance'];
  readonly options: Context['options'];
  readonly control: Context['control'];
  readonly peak: number;
  readonly metrics: Recorders<MetricSpecs>;
  readonly shared: SharedArrayBuffer | null;
  readonly lease: Context['lease'];
  readonly signal: AbortSignal;
  readonly random: () => number;
  readonly waiter: Waiter;
  readonly timeline: TimelineReader;
  readonly log: Context['log'];
  readonly erasable: readonly string[];
  /** Of the actor as a whole, in the control's unit. */
  readonly whole: number;
  readonly peakMost: number;
  readonly seed: number;
  readonly pacing: InstancePacing;
  readonly operations: EngineOperations;
  /** Opens the recorders of operations; once, by whoever times them. */
  readonly openRecorder: () => OperationRecorder;
  readonly #numbers: Float64Array;
  readonly #asked: AskedAmount;
  readonly #held: GaugeWriter;
  readonly #port: MessagePort;
  readonly #record: string;
  readonly #pace: Pace;
  #scratch: Promise<string> | null = null;
  #seen: number;
  /** For which instant what is asked was last worked out, or parking last ended. */
  #lookedNs = nowNs();
  #achieved = 0;
  #joinedNs: number | null = null;

  constructor(input: InstanceInput, block: ControlBlock, signal: AbortSignal) {
    const { actor, index, series } = input;
    this.actor = actor.name;
    this.instance = { index, count: actor.instances };
    this.options = actor.options;
    this.control = actor.control;
    this.erasable = actor.erasable ?? [];
    this.peak = actor.shares[index] ?? 0;
    this.whole = actor.peak.amount;
    this.peakMost = actor.instancesLeast === undefined ? this.peak : actor.peak.amount / actor.instancesLeast;
    this.seed = input.seed;
    this.pacing = pacingOf(actor, index);
    this.shared = input.shared;
    this.signal = signal;
    this.waiter = new Waiter(block);
    this.timeline = new TimelineReader(openTimeline(input.timeline), this.instance);
    this.random = randomFor(input.seed, actor.name, index);
    this.metrics = openRecorders(series.plugin.specs, series.plugin.buffer, nowNs);
    this.#held = heldRecorder(input);
    this.#numbers = block.numbers;
    this.#asked = new AskedAmount(this.timeline, actor, this.peak);
    this.#port = input.port;
    this.#record = input.record;
    this.#pace = new Pace(this.waiter);
    this.#seen = this.waiter.seen;
    const log = new LogPort(input.port);
    this.log = (level, message) => log.say(level, message);
    this.lease = this.#openLease(input);
    this.openRecorder = () => openRecorder(input);
    this.operations = new EngineOperations(this, this.openRecorder);
  }

  /** From when on what falls due is this instance's to do. */
  get joinedNs(): number {
    return this.#joinedNs ?? this.#numbers[NUMBER_WORD.joined] ?? 0;
  }

  join(atNs: number): void {
    this.#joinedNs = atNs;
  }

  /** 0 to 1, from the gate and the person. */
  get scale(): number {
    return this.#numbers[NUMBER_WORD.scale] ?? 0;
  }

  /** What `achieved` was told last. */
  get lastAchieved(): number {
    return this.#achieved;
  }

  asked(): number {
    this.waiter.beat();
    return this.askedAt(nowNs());
  }

  askedAt(atNs: number): number {
    this.#lookedNs = atNs;
    if (!this.waiter.isReleasing) return this.#asked.at(atNs, this.scale);
    this.#asked.reset(atNs);
    return 0;
  }

  level(): number {
    this.waiter.beat();
    return this.levelAt(nowNs());
  }

  levelAt(atNs: number): number {
    this.#lookedNs = atNs;
    return this.waiter.isReleasing ? 0 : this.timeline.level(atNs) * this.scale;
  }

  achieved(amount: number, overNs?: number): void {
    // No beat: the pacers tell what is achieved also while no operation of the simulator ends.
    if (Number.isFinite(amount)) this.#achieved = amount;
    const value = Number.isNaN(amount) ? Infinity : amount; // refused and counted, where NaN would mean "no value"
    if (overNs === undefined) this.#held.set(value);
    else this.#held.advance(value, value, value, value, overNs);
  }

  stopped(): boolean {
    this.waiter.beat();
    return this.waiter.isStopped;
  }

  nowNs(): number {
    return nowNs();
  }

  park(maxMs = Infinity): void {
    const leftMs = Math.min(maxMs, this.lookAgainMs());
    // Only engines park for the time until something is due; for others nothing would be gained.
    const isPrecise = this.pacing.isPrecise && this.control === 'rate' && leftMs < Infinity;
    if (isPrecise) this.waiter.sleepPrecisely(this.#seen, leftMs);
    else this.waiter.sleep(this.#seen, leftMs);
    this.#seen = this.waiter.seen;
    this.#lookedNs = nowNs();
  }

  beat(): void {
    this.waiter.beat();
  }

  pace(): Promise<boolean> {
    return this.#pace.next();
  }

  /** No journal: it ends with the record. */
  async keep(): Promise<string> {
    const folder = keptIn(this.#record, this.actor);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  scratch(): Promise<string> {
    this.#scratch ??= requestScratch(this.#port);
    return this.#scratch;
  }

  claim(path: string): Promise<void> {
    return requestClaim(this.#port, path);
  }

  unavailable(reason: string): never {
    return unavailable(reason);
  }

  /**
   * How long what was asked at `lookedNs` stays what it is, or is worth no look: Infinity when only a wake can change
   * it. Counted from that look, so that a change since then ends the wait at once.
   */
  lookAgainMs(lookedNs: number = this.#lookedNs): number {
    const isGrowing =
      this.control === 'growth' && this.timeline.level(lookedNs) * this.scale > 0 && !this.waiter.isReleasing;
    const againNs = isGrowing ? lookedNs + GROWTH_LOOK_NS : this.timeline.lookAgainNs(lookedNs);
    return Math.max(0, (againNs - nowNs()) / MS);
  }

  #openLease(input: InstanceInput): Context['lease'] {
    const { actor } = input;
    if (actor.takes === null) return noLease(actor.simulator);
    const isInItsUnit = isWhole(actor);
    return new InstanceLease({
      waiter: this.waiter,
      doorbell: new Int32Array(input.doorbell),
      resource: actor.takes,
      recall: input.recallAddress === null ? null : wordsAt(input.recallAddress),
      exceedsAsked: (amount) => {
        const asked = this.askedAt(nowNs());
        return isInItsUnit && amount > asked;
      },
      lookAgainMs: () => this.lookAgainMs(),
    });
  }
}

/** A growing amount is followed this closely. */
const GROWTH_LOOK_NS = 20 * MS;

function openRecorder({ actor, series, port }: InstanceInput): OperationRecorder {
  if (series.operations === null) throw new Error(`simulator "${actor.simulator}" declares no operations`);
  return new OperationRecorder(actor.operations, series.operations, (memory) => {
    const told: FromInstance = { type: 'series', ...memory };
    port.postMessage(told);
  });
}

function heldRecorder(input: InstanceInput): GaugeWriter {
  const { specs, buffer } = input.series.core;
  const held: unknown = openRecorders(specs, buffer, nowNs)['actor.held'];
  if (!(held instanceof GaugeWriter))
    throw new Error('actor.held is not among the core metrics of an instance');
  return held;
}
