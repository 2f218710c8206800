/**
 * One run, from a plan to a summary: starts and ends things in order. It does no arithmetic on metrics, prints
 * nothing, and knows no simulator. Its answer to everything that goes wrong is to stop in order and say so.
 */
import { deferred } from '../base/deferred.js';
import { BruntError, messageOf } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import type { SafetyState } from '../base/sentences.js';
import type { RunEvent, RunEventBody, StopCause } from '../contract/events.js';
import type { Screen } from '../contract/exporter.js';
import type { FromAgent, InstanceOutcome } from '../contract/messages.js';
import type { Window } from '../contract/metrics.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { Resource } from '../contract/plugin.js';
import type { RunSummary } from '../contract/summary.js';
import { reap } from '../agent/journal.js';
import { RunAccumulator } from '../metrics/accumulate.js';
import { WindowStore } from '../metrics/windows.js';
import type { RecordWriter } from '../record/write.js';
import { createRecord, makeRunId } from '../record/write.js';
import type { Guard, GuardAction } from '../safety/guard.js';
import { startGuard } from '../safety/guard.js';
import { Ledger } from '../safety/ledger.js';
import type { LostInstance } from './agent-handle.js';
import { AgentHandle } from './agent-handle.js';
import type { ExporterUse } from './fan-out.js';
import { FanOut } from './fan-out.js';
import { HOST_SOURCE, HostSource } from './host-source.js';
import { describeAction, RunFacts } from './run-facts.js';
import { ScaleBoard } from './scale-board.js';
import { walkSchedule } from './schedule.js';
import { climbStopLadder } from './stop-ladder.js';
import type { RunStreams } from './streams.js';
import { openStreams } from './streams.js';
import { buildSummary } from './summary.js';

/** An agent that hears nothing from the orchestrator for so long ends itself. */
const LEASE_MS = 2000;
/** Between the last agent's "ready" and the start instant: time for the message to reach all of them. */
const START_DELAY_MS = 100;
/** A window waits so long for its frames before it is closed without them. */
const GRACE_MS = 2000;
const LEDGER_TICK_MS = 100;
/** In these states of the gate leases are granted; beyond them nothing more is taken. */
const MAY_GRANT: readonly SafetyState[] = ['ok', 'warn', 'throttle'];
/** An idle agent that does not end by itself is killed after this. */
const AGENT_EXIT_MS = 2000;

export interface RunDeps {
  readonly runsDir: string;
  readonly argv: readonly string[];
  readonly version: string;
  readonly screen: Screen;
  readonly exporters: readonly ExporterUse[];
}

export interface RunHandle {
  readonly run: string;
  /** Directory of the record. */
  readonly record: string;
  /** Graceful: everything is asked to stop and gives back, then the summary. */
  stop(cause: 'signal' | 'person', signal?: 'SIGINT' | 'SIGTERM'): void;
  /** Agents are killed; the record is kept. */
  kill(): void;
  /** Multiplies every actor's level, 0 to 1. */
  scale(factor: number): void;
  pause(): void;
  resume(): void;
  readonly done: Promise<RunSummary>;
}

export async function startRun(plan: Plan, deps: RunDeps): Promise<RunHandle> {
  const orchestrator = new Orchestrator(plan, deps);
  await orchestrator.open();
  return orchestrator.handle();
}

class Orchestrator {
  readonly #plan: Plan;
  readonly #deps: RunDeps;
  readonly #run: string;
  readonly #facts = new RunFacts();
  readonly #accumulator: RunAccumulator;
  readonly #stopped = deferred<StopCause>();
  readonly #agents = new Map<string, AgentHandle>();
  readonly #agentOf = new Map<string, AgentHandle>();
  readonly #scales: ScaleBoard;
  readonly #leftBehind: string[] = [];
  readonly #heldAtStop = new Map<string, number>();
  #record!: RecordWriter;
  #streams: RunStreams | null = null;
  /** Events from before the streams were open. */
  readonly #early: RunEvent[] = [];
  #fanOut!: FanOut;
  #guard!: Guard;
  #ledger!: Ledger;
  #store: WindowStore | null = null;
  #host: HostSource | null = null;
  #startNs: number | null = null;
  #stopCause: StopCause | null = null;
  #stopMs: number | null = null;
  #digestedPhases = 0;
  /** Windows whose end has been reached. */
  #cuts = 0;
  #clockJumpMs = 0;

  constructor(plan: Plan, deps: RunDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#run = makeRunId(plan.name, new Date());
    this.#accumulator = new RunAccumulator(plan);
    this.#scales = new ScaleBoard(plan, (actor, scale) =>
      this.#agentOf.get(actor)?.send({ type: 'scale', actor, scale }),
    );
  }

  /** Everything that must be there before load may start, in the order of what depends on what. */
  async open(): Promise<void> {
    const { plan, run } = { plan: this.#plan, run: this.#run };
    this.#record = await createRecord({
      runsDir: this.#deps.runsDir,
      run,
      plan,
      argv: this.#deps.argv,
      version: this.#deps.version,
    });
    this.#forkAgents();
    try {
      const streams = await openStreams((error) => this.#internal(error));
      this.#fanOut = await FanOut.open(
        this.#deps.exporters,
        { run, plan, record: this.#record.dir, replay: false },
        this.#deps.screen,
      );
      this.#connectStreams(streams);
      this.#guard = await startGuard({ limits: plan.safety.limits, paths: [this.#record.dir] });
    } catch (error) {
      for (const agent of this.#agents.values()) agent.kill();
      throw error;
    }
    this.#ledger = new Ledger({
      reserveBytes: plan.safety.reserveBytes,
      availableBytes: () => this.#guard.availableBytes(),
      send: (agent, grant) => this.#agents.get(agent)?.send(grant),
      clock: nowNs,
      onDenied: ({ actor, resource, asked, there, limit }) =>
        this.#emit({ type: 'lease.denied', actor, resource, asked, there, limit }),
      onExpired: ({ actor, resource, amount }) => {
        this.#agentOf.get(actor)?.send({ type: 'revoke', actor });
        this.#emit({ type: 'lease.expired', actor, resource, amount });
      },
    });
    this.#guard.onAction((action) => this.#onGuardAction(action));
    this.#guard.onThaw((thawed) => this.#emit({ type: 'safety.freeze', ...thawed }));
    this.#guard.onFailure((error) => this.#internal(error));
  }

  handle(): RunHandle {
    return {
      run: this.#run,
      record: this.#record.dir,
      stop: (cause, signal) =>
        this.#stop(cause, cause === 'signal' ? `interrupted by ${signal ?? 'a signal'}` : 'stopped by hand'),
      kill: () => this.#kill(),
      scale: (factor) => this.#byPerson(() => this.#scales.setPerson(factor)),
      pause: () => this.#byPerson(() => this.#scales.pause()),
      resume: () => this.#byPerson(() => this.#scales.resume()),
      done: this.#work(),
    };
  }

  // ---- the run ------------------------------------------------------------

  async #work(): Promise<RunSummary> {
    this.#emit({ type: 'run.starting', run: this.#run });
    try {
      await this.#start();
      await this.#follow();
    } catch (error) {
      this.#internal(error);
    }
    await this.#end();
    return this.#conclude();
  }

  /** Two steps: all instances load and report; when all have, they are given one start instant. */
  async #start(): Promise<void> {
    const agents = [...this.#agents.values()];
    for (const agent of agents) agent.load();
    const allReady = Promise.all(agents.map((agent) => agent.ready()));
    const isReady = await Promise.race([
      allReady.then(
        () => true,
        (error: unknown) => this.#couldNotStart(error),
      ),
      this.#stopped.promise.then(() => false),
    ]);
    if (!isReady) return;
    const startNs = nowNs() + START_DELAY_MS * MS;
    this.#startNs = startNs;
    this.#host = new HostSource(this.#guard.buffers, startNs);
    this.#store = new WindowStore({ plan: this.#plan, startNs, graceMs: GRACE_MS });
    this.#store.expect(HOST_SOURCE);
    for (const agent of agents) {
      this.#store.expect(agent.name);
      agent.send({ type: 'start', startNs });
    }
    this.#emit({ type: 'run.started', startedAt: new Date(Date.now() + START_DELAY_MS).toISOString() });
  }

  /** A failure that an actor has already reported stands for itself; only the rest is said here. */
  #couldNotStart(error: unknown): false {
    if (this.#stopCause === null) this.#stop('cannot-start', messageOf(error));
    return false;
  }

  async #follow(): Promise<void> {
    const startNs = this.#startNs;
    if (startNs === null) return;
    const clockOffsetMs = Date.now() - nowNs() / MS;
    const ticker = setInterval(() => this.#ledger.tick(), LEDGER_TICK_MS);
    const limit = setTimeout(
      () => this.#stop('max-duration', `longer than safety.maxDuration`),
      Math.min(this.#plan.safety.maxDurationMs, 2 ** 31 - 1),
    );
    let phaseStartNs = startNs;
    const isWhole = await walkSchedule(this.#plan, startNs, this.#stopped.promise, {
      phaseStarted: ({ name, index }) => {
        phaseStartNs = nowNs();
        this.#host?.phaseStarted();
        this.#emit({ type: 'phase.started', phase: name, phaseIndex: index });
      },
      phaseEnded: ({ name, index }) =>
        this.#emit({
          type: 'phase.ended',
          phase: name,
          phaseIndex: index,
          tookMs: (nowNs() - phaseStartNs) / MS,
        }),
      cut: ({ index }) => {
        const driftMs = Math.abs(Date.now() - nowNs() / MS - clockOffsetMs);
        this.#clockJumpMs = Math.max(this.#clockJumpMs, driftMs);
        this.#cuts = index + 1;
        this.#closeHostWindow(index);
      },
    });
    clearInterval(ticker);
    clearTimeout(limit);
    if (isWhole) this.#stop('completed', 'all phases ran');
  }

  /** The stop ladder, then what is left: frames on their way, agents, guard. Never throws; what fails is said. */
  async #end(): Promise<void> {
    const fromNs = nowNs();
    const agents = [...this.#agents.values()];
    for (const [actor, held] of this.#ledger.totals().heldByActor) {
      if (held > 0) this.#heldAtStop.set(actor, held);
    }
    await climbStopLadder(agents, this.#plan.safety.gracefulStopMs, (rung, agent, detail) =>
      this.#emit({ type: 'stop.rung', rung, agent, detail }),
    );
    this.#stopMs = (nowNs() - fromNs) / MS;
    // A run that was stopped ends within a window: the host's last word belongs to it as well.
    if (this.#stopCause !== 'completed') this.#closeHostWindow(this.#cuts);
    await Promise.all(agents.map((agent) => agent.exit(AGENT_EXIT_MS)));
    for (const agent of agents) this.#reap(agent);
    for (const window of this.#store?.flush() ?? []) this.#streams?.window(window);
    await this.#guard.stop();
  }

  async #conclude(): Promise<RunSummary> {
    this.#digest(this.#plan.phases.length);
    this.#record.digests(this.#accumulator.digests());
    for (const loss of await this.#fanOut.drain()) this.#exporterLost(loss);
    await this.#record.sync();
    if (this.#record.failure !== null) {
      const { windows: lostWindows, events: lostEvents } = this.#record.lost;
      this.#exporterLost({
        exporter: 'record',
        reason: this.#record.failure.message,
        lostWindows,
        lostEvents,
      });
    }
    const summary = this.#summary();
    this.#emit({ type: 'run.ended', exitCode: summary.exitCode });
    this.#streams?.complete();
    await this.#record.close();
    await this.#record.finish(summary);
    const known = this.#fanOut.losses().length;
    const late = await this.#fanOut.end(summary);
    if (late.length === known) return summary;
    // An exporter that failed while ending: known only now, so the record's summary is written once more.
    for (const loss of late.slice(known))
      this.#facts.add({ atMs: this.#atMs(), type: 'exporter.failed', ...loss });
    const amended = this.#summary();
    await this.#record.finish(amended);
    return amended;
  }

  #summary(): RunSummary {
    return buildSummary({
      run: this.#run,
      plan: this.#plan,
      record: this.#record.dir,
      facts: this.#facts,
      accumulator: this.#accumulator,
      live: {
        stopMs: this.#stopMs,
        leftBehind: this.#leftBehind,
        heldAtStop: Object.fromEntries(this.#heldAtStop),
        absentSensors: this.#guard.absent,
        lost: {
          windows: this.#record.lost.windows,
          events: this.#record.lost.events,
          frames: this.#store?.lost.frames ?? 0,
        },
        lateFrames: this.#store?.lost.lateFrames ?? 0,
        refused: this.#store?.lost.refused ?? 0,
        clockJumpMs: this.#clockJumpMs,
        ownCpu: this.#host?.cpu ?? null,
      },
    });
  }

  // ---- numbers ------------------------------------------------------------

  #connectStreams(streams: RunStreams): void {
    const { windows, events } = streams;
    events.subscribe((event) => this.#facts.add(event));
    events.subscribe((event) => this.#record.event(event));
    events.subscribe((event) => this.#fanOut.event(event));
    windows.subscribe((window) => this.#onWindow(window));
    windows.subscribe((window) => this.#fanOut.window(window));
    this.#streams = streams;
    for (const event of this.#early.splice(0)) streams.event(event);
  }

  #onWindow(window: Window): void {
    this.#digest(window.phaseIndex);
    this.#accumulator.add(window);
    this.#record.window(window);
  }

  /** Phases before this one are closed: their digests are written, and all that is recorded is made durable. */
  #digest(phaseIndex: number): void {
    if (phaseIndex <= this.#digestedPhases) return;
    for (; this.#digestedPhases < phaseIndex; this.#digestedPhases++) {
      this.#record.digests(this.#accumulator.digests(this.#digestedPhases));
    }
    this.#record.sync().catch((error: unknown) => this.#internal(error));
  }

  #closeHostWindow(index: number): void {
    if (this.#host === null || this.#store === null) return;
    this.#store.apply(HOST_SOURCE, HOST_SOURCE, this.#host.frame(index));
    this.#closeWindows();
    setTimeout(() => this.#closeWindows(), GRACE_MS + 1).unref();
  }

  #closeWindows(): void {
    for (const window of this.#store?.closeDue(nowNs()) ?? []) this.#streams?.window(window);
  }

  // ---- agents -------------------------------------------------------------

  #forkAgents(): void {
    const { phases, seed, windowMs, safety, host } = this.#plan;
    for (const planned of this.#plan.agents) {
      const actors = planned.actors.map((name) => this.#actor(name));
      const agent = new AgentHandle(
        this.#run,
        planned,
        actors,
        {
          phases,
          seed,
          windowMs,
          leaseMs: LEASE_MS,
          actorNice: safety.actorNice,
          journal: `${this.#record.dir}/journal-${planned.name.replaceAll('/', '-')}.ndjson`,
          tmp: host.tmp,
        },
        {
          message: (from, body) => this.#onMessage(from, body),
          output: ({ name }, stream, text) => this.#emit({ type: 'agent.output', agent: name, stream, text }),
          lost: (from, cause, running) => this.#onLost(from, cause, running),
        },
      );
      this.#agents.set(agent.name, agent);
      for (const actor of actors) this.#agentOf.set(actor.name, agent);
    }
  }

  #onMessage(agent: AgentHandle, body: FromAgent): void {
    switch (body.type) {
      case 'ready':
        this.#guard.watch({ agent: agent.name, pid: agent.pid, takes: takesOf(agent.actors) });
        this.#emit({ type: 'agent.ready', agent: agent.name, pid: agent.pid, tookMs: agent.ageMs });
        break;
      case 'frame':
        this.#store?.apply(agent.name, agent.boot, body.frame);
        agent.send({ type: 'ack', seq: body.frame.seq });
        this.#closeWindows();
        break;
      case 'accounts':
        this.#ledger.accounts(agent.name, body.accounts);
        break;
      case 'ended':
        this.#onEnded(body.actor, body.instance, body.outcome);
        break;
      case 'stuck':
        this.#emit({ ...body, type: 'actor.stuck' });
        this.#stop(
          'actor',
          `${body.actor}[${body.instance}] is stuck in ${body.method}: silent for ${body.silentMs} ms`,
        );
        break;
      case 'unleased':
        this.#emit({ ...body, type: 'actor.unleased', agent: agent.name });
        break;
      case 'log':
        this.#emit({ ...body, type: 'actor.log' });
        break;
      default:
    }
  }

  #onEnded(actor: string, instance: number, outcome: InstanceOutcome): void {
    if (outcome.kind === 'done' || outcome.kind === 'stopped') {
      this.#emit({ type: 'actor.ended', actor, instance });
      return;
    }
    const isUnavailable = outcome.kind === 'unavailable';
    const reason =
      outcome.kind === 'terminated' ? 'did not stop when asked; its thread was terminated' : outcome.reason;
    this.#emit({
      type: 'actor.failed',
      actor,
      instance,
      ...this.#ownerOf(actor),
      method: 'method' in outcome ? outcome.method : null,
      code: isUnavailable ? 'E_UNAVAILABLE' : 'E_ACTOR_FAILED',
      reason,
      ...('stack' in outcome && outcome.stack !== undefined ? { stack: outcome.stack } : {}),
    });
    this.#stop(isUnavailable ? 'cannot-start' : 'actor', `${actor}: ${reason}`);
  }

  #onLost(agent: AgentHandle, cause: string, running: readonly LostInstance[]): void {
    this.#store?.forget(agent.name);
    this.#ledger.forget(agent.name);
    this.#guard.unwatch(agent.name);
    const actors = [...new Set(running.map(({ actor }) => actor))];
    this.#emit({ type: 'agent.lost', agent: agent.name, pid: agent.pid, cause, actors });
    if (this.#stopCause === 'safety') return; // the gate's last rung ended it
    for (const { actor, instance, method } of running) {
      this.#emit({
        type: 'actor.failed',
        actor,
        instance,
        ...this.#ownerOf(actor),
        method,
        code: 'E_AGENT_LOST',
        reason: `its agent ${agent.name} (pid ${agent.pid}) ended: ${cause}`,
      });
    }
    this.#stop('actor', `agent ${agent.name} ended: ${cause}`);
  }

  #reap(agent: AgentHandle): void {
    const { removed, left } = reap(agent.journal);
    if (removed.length > 0) {
      const detail = `removed ${removed.join(', ')}`;
      this.#emit({ type: 'stop.rung', rung: 'reap', agent: agent.name, detail });
    }
    this.#leftBehind.push(...left.map(({ path, reason }) => `${path}: ${reason}`));
  }

  // ---- safety -------------------------------------------------------------

  /** The guard has frozen whom it had to; here the load is turned down, then the frozen go on. */
  #onGuardAction(action: GuardAction): void {
    const { from, to, limit, value, bound, unit, source, effect } = action;
    const event = { type: 'safety.action', from, to, limit, value, bound, unit, source, effect } as const;
    this.#emit(event);
    this.#host?.setState(this.#guard.state());
    if (to === 'stop' || to === 'kill') {
      this.#stop('safety', describeAction({ atMs: this.#atMs(), ...event }));
    }
    this.#scales.setLimit(limit, to);
    if (MAY_GRANT.includes(this.#guard.state())) this.#ledger.resume();
    else this.#ledger.hold();
    // What is granted and not yet used would still be taken: it is asked for anew, at the new pace.
    if (to !== 'ok' && to !== 'warn') {
      for (const { name, takes } of this.#plan.actors) {
        if (takes !== null) this.#agentOf.get(name)?.send({ type: 'revoke', actor: name });
      }
    }
    this.#guard.thaw();
  }

  // ---- small things -------------------------------------------------------

  #stop(cause: StopCause, reason: string): void {
    if (this.#stopCause !== null) return;
    this.#stopCause = cause;
    this.#emit({ type: 'run.stopping', cause, reason });
    this.#stopped.resolve(cause);
  }

  #kill(): void {
    this.#stop('signal', 'interrupted twice: agents killed');
    for (const agent of this.#agents.values()) agent.kill();
  }

  #byPerson(change: () => number): void {
    this.#emit({ type: 'person.scaled', scale: change() });
  }

  #internal(error: unknown): void {
    if (error instanceof BruntError) this.#stop('internal', error.message);
    else
      this.#stop(
        'internal',
        `defect in brunt: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
  }

  #emit(body: RunEventBody): void {
    const event = { ...body, atMs: this.#atMs() } as RunEvent;
    if (this.#streams === null) this.#early.push(event);
    else this.#streams.event(event);
  }

  #atMs(): number {
    return this.#startNs === null ? 0 : (nowNs() - this.#startNs) / MS;
  }

  #actor(name: string): PlannedActor {
    const actor = this.#plan.actors.find((a) => a.name === name);
    if (actor === undefined) throw new Error(`no actor ${name} in the plan`);
    return actor;
  }

  /** Whose code an actor runs. */
  #ownerOf(name: string): { readonly simulator: string; readonly plugin?: string } {
    const { simulator, plugin } = this.#actor(name);
    return { simulator, ...(plugin !== undefined && { plugin }) };
  }

  #exporterLost(loss: { exporter: string; reason: string; lostWindows: number; lostEvents: number }): void {
    this.#emit({ type: 'exporter.failed', ...loss });
  }
}

/** The resource by which the guard knows whom to freeze; the actors of one agent take one kind, or none. */
function takesOf(actors: readonly PlannedActor[]): Resource | null {
  return actors.find((actor) => actor.takes !== null)?.takes ?? null;
}
