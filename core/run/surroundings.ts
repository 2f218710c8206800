/**
 * What a run has beside its actors: the target that it starts, waits for and ends, and the probes that measure it. The
 * plan goes in; events and recorders come out. Owned by the orchestrator, which ends it in every outcome.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BruntError } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import type {
  Plan,
  PlannedCommand,
  PlannedProbe,
  PlannedProcess,
  PlannedReady,
  PlannedTarget,
} from '../contract/plan.js';
import type { FrameGroup } from '../metrics/frame-builder.js';
import type { Probes } from '../probe/probes.js';
import type { TargetMeter } from '../target/meter.js';
import type { Target } from '../target/target.js';
import type { WatchedProcess } from '../target/watched.js';
import type { EventDesk } from './event-desk.js';

// What starts probes and targets is imported where the plan has one: most have neither.

/** A target that is not ready by then is given up. */
export const READY_MAX_MS = 30_000;
/** How often readiness is looked at, and at least how often its probes are taken. */
const READY_LOOK_MS = 50;
const READY_EVERY_MS = 200;

export interface SurroundingsInput {
  readonly plan: Plan;
  readonly events: EventDesk;
}

export class Surroundings {
  /** Processes of the target that could not be ended. */
  readonly leftBehind: string[] = [];
  readonly #input: SurroundingsInput;
  #starting: Promise<void> = Promise.resolve();
  #target: Target | null = null;
  #watched: WatchedProcess | null = null;
  #meter: TargetMeter | null = null;
  #probes: Probes | null = null;
  /** Why the target ended. */
  #cause: string | null = null;
  #isReady = false;
  #isOver = false;

  constructor(input: SurroundingsInput) {
    this.#input = input;
  }

  /**
   * Settles when the target is ready and every probe open; rejects with E_TARGET_START or E_PROBE_OPEN. What was
   * started by then is ended by `stop`.
   */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  /** The start instant is known: probes are taken from then on, and all is measured into this frame builder. */
  begin(startNs: number, host: { add(group: FrameGroup): void } | null): void {
    for (const group of [...(this.#probes?.groups ?? []), ...(this.#meter?.groups ?? [])]) host?.add(group);
    this.#meter?.start();
    this.#probes?.begin(startNs);
  }

  /** Ends the probes, then the target with all it started. Never rejects. */
  async stop(): Promise<void> {
    this.#isOver = true;
    // Bounded by its own deadlines; whoever called it has heard of a failure.
    await this.#starting.catch(() => undefined);
    this.#meter?.stop();
    this.#watched?.stop();
    await this.#probes?.stop();
    const left = (await this.#target?.stop()) ?? [];
    this.leftBehind.push(...left.map((pid) => `process ${pid} of the target: cannot be killed`));
  }

  /** The target ends at once; the rest is for `stop`. */
  kill(): void {
    this.#target?.kill();
  }

  async #start(): Promise<void> {
    const { target, probes = [] } = this.#input.plan;
    if (target !== undefined) await this.#startTarget(target, probes);
    if (probes.length > 0 && !this.#isOver) this.#probes = await this.#open(probes);
  }

  async #startTarget(planned: PlannedTarget, probes: readonly PlannedProbe[]): Promise<void> {
    const { events } = this.#input;
    const fromNs = nowNs();
    if ('command' in planned) await this.#startCommand(planned);
    else await this.#watch(planned);
    if (planned.ready !== null) await this.#becomeReady(planned.ready, probes, fromNs);
    if (this.#isOver) return;
    this.#isReady = true;
    events.emit({ type: 'target.ready', tookMs: (nowNs() - fromNs) / MS });
  }

  async #watch(planned: PlannedProcess): Promise<void> {
    const { events } = this.#input;
    const [{ WatchedProcess }, { TargetMeter }] = await Promise.all([
      import('../target/watched.js'),
      import('../target/meter.js'),
    ]);
    this.#watched = new WatchedProcess(planned, (cause) => this.#onEnd(cause, false));
    const { pid } = this.#watched;
    events.emit({ type: 'target.started', pid, command: `process ${pid}` });
    await this.#noteNoChildren(pid);
    this.#meter = new TargetMeter(pid, true);
  }

  async #startCommand(planned: PlannedCommand): Promise<void> {
    const { events } = this.#input;
    const [{ startTarget }, { TargetMeter }] = await Promise.all([
      import('../target/target.js'),
      import('../target/meter.js'),
    ]);
    const target = await startTarget({
      target: planned,
      onOutput: (stream, text) => events.emit({ type: 'target.output', stream, text }),
      onEnd: (cause, wasAsked) => this.#onEnd(cause, wasAsked),
    });
    this.#target = target;
    // The program only: arguments may hold secrets, and the recorded plan has them as they were written.
    events.emit({ type: 'target.started', pid: target.pid, command: planned.command[0] ?? '' });
    await this.#noteWhatLacks(target);
    this.#meter = new TargetMeter(target.keeperPid);
  }

  /** By probes of its own: what they saw before the start is no part of the run's numbers. */
  async #becomeReady(
    { selector, assertion, text }: PlannedReady,
    all: readonly PlannedProbe[],
    fromNs: number,
  ): Promise<void> {
    const named = selector.tags['probe'] ?? ['*'];
    const meant = all.filter(({ name }) => named.includes('*') || named.includes(name));
    const probes = await this.#open(
      meant.map((probe) => ({ ...probe, everyMs: Math.min(probe.everyMs, READY_EVERY_MS) })),
      // That nobody answers yet is what is waited for, and no warning.
      'debug',
    );
    try {
      const { Readings } = await import('../probe/readings.js');
      const readings = new Readings(probes.groups);
      probes.begin(nowNs());
      while (!this.#isOver && !readings.hold(selector, assertion)) {
        if (this.#cause !== null) throw notReady(`it ended before it was ready: ${this.#cause}`);
        if ((nowNs() - fromNs) / MS > READY_MAX_MS) {
          throw notReady(`it was not ready after ${READY_MAX_MS / 1000} s: ${text}`);
        }
        await sleep(READY_LOOK_MS);
      }
    } finally {
      await probes.stop();
    }
  }

  async #open(probes: readonly PlannedProbe[], lowered?: 'debug'): Promise<Probes> {
    const { events } = this.#input;
    const { startProbes } = await import('../probe/probes.js');
    return startProbes({
      probes,
      onLog: ({ probe, level, message }) =>
        events.emit({ type: 'probe.log', probe, level: lowered ?? level, message }),
      onFailure: (error) => events.stop('actor', error.message),
    });
  }

  #onEnd(cause: string, wasAsked: boolean): void {
    const { events } = this.#input;
    this.#cause = cause;
    events.emit({ type: 'target.ended', cause, wasAsked });
    if (!wasAsked && this.#isReady) events.stop('target', `E_TARGET: the target ended by itself: ${cause}`);
  }

  async #noteWhatLacks(target: Target): Promise<void> {
    const { events } = this.#input;
    const { deathSignal, adopts } = target.armed;
    const tell = (message: string): void => events.emit({ type: 'note', message });
    if (!deathSignal) {
      tell('No setpriv with --pdeathsig here: a target whose keeper is killed together with brunt lives on.');
    }
    if (!adopts) {
      tell('Without libc (koffi) only the process group of the target can be ended, not what has left it.');
    }
    await this.#noteNoChildren(target.keeperPid);
  }

  async #noteNoChildren(pid: number): Promise<void> {
    const { descendantsOf } = await import('../target/tree.js');
    if (descendantsOf(pid) !== null) return;
    const message = 'This host does not tell the children of a process: the target has no figures.';
    this.#input.events.emit({ type: 'note', message });
  }
}

function notReady(message: string): BruntError {
  return new BruntError({
    code: 'E_TARGET_START',
    message: `the target cannot be used: ${message}`,
    place: { path: 'target.ready' },
  });
}
