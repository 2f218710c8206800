/**
 * The way back of a run: frames of agents and of the host go in, windows close, are accumulated, recorded and handed
 * to the streams; digests are written when a phase is over. Owned by the orchestrator.
 */
import { MS, nowNs } from '../base/clock.js';
import { inTurns, nextTurn } from '../base/turns.js';
import type { Frame } from '../contract/messages.js';
import type { MetricSpecs, Window } from '../contract/metrics.js';
import type { Plan } from '../contract/plan.js';
import { RunAccumulator } from '../metrics/accumulate.js';
import type { Lost } from '../metrics/windows.js';
import { WindowStore } from '../metrics/windows.js';
import type { PhaseClock } from '../plan/clock.js';
import type { RecordWriter } from '../record/write.js';
import type { EventDesk } from './event-desk.js';
import { HOST_SOURCE, HostSource } from './host-source.js';
import type { RunStreams } from './streams.js';

/** A window waits so long for its frames before it is closed without them. */
const GRACE_MS = 2000;

export interface NumbersInput {
  readonly plan: Plan;
  readonly events: EventDesk;
  readonly record: RecordWriter;
  readonly streams: RunStreams;
}

type GuardBuffers = readonly { readonly specs: MetricSpecs; readonly buffer: SharedArrayBuffer }[];

export class NumbersDesk {
  readonly accumulator: RunAccumulator;
  readonly #input: NumbersInput;
  #store: WindowStore | null = null;
  #host: HostSource | null = null;
  #digestedPhases = 0;
  /** What is being done, and what waits for its turn; bounded by the frames that may be in flight. */
  #line: Promise<void> = Promise.resolve();
  /** Windows whose end has been reached. */
  #cuts = 0;
  #clockOffsetMs = 0;
  #clockJumpMs = 0;

  constructor(input: NumbersInput) {
    this.#input = input;
    this.accumulator = new RunAccumulator(input.plan);
  }

  /** From now on there are windows: those that the clock says. */
  start(startNs: number, guardBuffers: GuardBuffers, clock: PhaseClock): void {
    const { plan } = this.#input;
    const actors = plan.actors.map(({ name }) => name);
    this.#host = new HostSource(guardBuffers, startNs, actors);
    this.#store = new WindowStore({ plan, startNs, graceMs: GRACE_MS, clock });
    this.#store.expect(HOST_SOURCE);
    this.#clockOffsetMs = clockOffsetMs();
  }

  get host(): HostSource | null {
    return this.#host;
  }

  get lost(): Lost | null {
    return this.#store?.lost ?? null;
  }

  /** How far the wall clock moved against the monotonic one, at most. */
  get clockJumpMs(): number {
    return this.#clockJumpMs;
  }

  /** Windows wait for this source from now on. */
  expect(source: string): void {
    void this.#inLine(() => this.#store?.expect(source));
  }

  /** It will deliver no more. */
  forget(source: string): void {
    void this.#inLine(() => this.#store?.forget(source));
    this.#close();
  }

  /** Settles when the frame is counted, and may be acknowledged. */
  frame(source: string, boot: string, frame: Frame): Promise<void> {
    const counted = this.#inLine(async () => {
      if (this.#store !== null) await inTurns(this.#store.applying(source, boot, frame));
    });
    this.#close();
    return counted;
  }

  /** The end of this window has come. */
  cut(index: number): void {
    this.#clockJumpMs = Math.max(this.#clockJumpMs, Math.abs(clockOffsetMs() - this.#clockOffsetMs));
    this.#cuts = index + 1;
    this.#hostFrame(index);
  }

  /** Phases have moved up. */
  moved(): void {
    void this.#inLine(() => this.#store?.moved());
  }

  /** A run that was stopped ends within a window: the host's last word belongs to it as well. */
  cutShort(): void {
    this.#hostFrame(this.#cuts);
  }

  /** All that was said so far is counted and told. */
  settled(): Promise<void> {
    return this.#inLine(() => undefined);
  }

  /** Nothing more comes: closes what is open. Settles when all windows have been told. */
  flush(): Promise<void> {
    return this.#inLine(async () => {
      for (const window of this.#store?.flush() ?? []) await this.#tell(window);
      this.#host?.close();
    });
  }

  /** What is not written yet of the distributions: of the phases, and of the run. */
  async writeDigests(): Promise<void> {
    const { plan, record } = this.#input;
    await this.#digest(plan.phases.length);
    await inTurns(this.accumulator.digesting((digest) => record.digests([digest])));
  }

  #hostFrame(index: number): void {
    if (this.#host === null) return;
    void this.frame(HOST_SOURCE, HOST_SOURCE, this.#host.frame(index));
    setTimeout(() => this.#close(), GRACE_MS + 1).unref();
  }

  /**
   * One thing after the other, in the order in which it was said: each may take several turns of the event loop, and
   * none finds the store as another has left it halfway.
   */
  #inLine(step: () => Promise<void> | void): Promise<void> {
    this.#line = this.#line.then(step).catch((error: unknown) => this.#input.events.internal(error));
    return this.#line;
  }

  /** What can be closed is told, one window after the other and not in the turn that found it. */
  #close(): void {
    void this.#inLine(async () => {
      for (;;) {
        const [window] = this.#store?.closeDue(nowNs(), 1) ?? [];
        if (window === undefined) return;
        await nextTurn();
        await this.#tell(window);
      }
    });
  }

  /** First what is kept, then whoever looks: they find the window already counted. */
  async #tell(window: Window): Promise<void> {
    const { record, streams } = this.#input;
    await this.#digest(window.phaseIndex);
    await inTurns(this.accumulator.adding(window));
    await record.window(window);
    await nextTurn();
    streams.window(window);
  }

  /** Phases before this one are closed: their digests are written, and all that is recorded is made durable. */
  async #digest(phaseIndex: number): Promise<void> {
    if (phaseIndex <= this.#digestedPhases) return;
    const { record, events } = this.#input;
    for (; this.#digestedPhases < phaseIndex; this.#digestedPhases++) {
      const digesting = this.accumulator.digesting(
        (digest) => record.digests([digest]),
        this.#digestedPhases,
      );
      await inTurns(digesting);
    }
    record.sync().catch((error: unknown) => events.internal(error));
  }
}

function clockOffsetMs(): number {
  return Date.now() - nowNs() / MS;
}
