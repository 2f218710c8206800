/**
 * One run, from a plan to a summary: starts and ends things in order. It does no arithmetic on metrics, prints
 * nothing, and knows no simulator. Its answer to everything that goes wrong is to stop in order and say so.
 */
import { messageOf } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import type { Screen } from '../contract/exporter.js';
import type { ToAgent } from '../contract/messages.js';
import type { Plan, PlannedPhase } from '../contract/plan.js';
import type { RunSummary } from '../contract/summary.js';
import { withoutSecrets } from '../plan/secrets.js';
import { raiseThread } from '../linux/priority.js';
import { fingerprint, knownAtOnce } from '../safety/host-facts.js';
import { createRecord, makeRunId } from '../record/write.js';
import type { Ahead } from './ahead.js';
import { AgentDesk } from './agent-desk.js';
import { concludeRun } from './conclusion.js';
import { EventDesk } from './event-desk.js';
import type { ExporterUse } from './fan-out.js';
import { FanOut } from './fan-out.js';
import { NumbersDesk } from './numbers-desk.js';
import type { RunParts } from './parts.js';
import { PhaseDesk } from './phase-desk.js';
import { RunFacts } from './run-facts.js';
import { SearchDesk } from './search-desk.js';
import { SafetyDesk } from './safety-desk.js';
import { Schedule } from './schedule.js';
import { climbStopLadder } from './stop-ladder.js';
import { openStreams } from './streams.js';
import { ThresholdDesk } from './threshold-desk.js';
import { Surroundings } from './surroundings.js';

/**
 * Between the last agent's "ready" and the start instant: so many times what the slowest agent takes to answer just
 * then. To arrive takes half of one; the rest is for it to wake its threads. One that is late all the same counts what
 * fell due from the start instant on: it shows as lateness, and nothing is lost.
 */
const START_ROUND_TRIPS = 4;
const START_DELAY_MIN_MS = 5;
const START_DELAY_MAX_MS = 100;
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export interface RunDeps {
  readonly runsDir: string;
  readonly argv: readonly string[];
  readonly version: string;
  readonly screen: Screen;
  readonly exporters: readonly ExporterUse[];
  /** What has booted while the plan was being made. */
  readonly ahead?: Ahead;
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

/** Everything that must be there before load may start, in the order of what depends on what. */
export async function startRun(plan: Plan, deps: RunDeps): Promise<RunHandle> {
  const run = makeRunId(plan.name, new Date());
  const { runsDir, argv, version, screen } = deps;
  const shown = withoutSecrets(plan);
  const host = { ...knownAtOnce() };
  const record = await createRecord({ runsDir, run, plan: shown, argv, version, fingerprint: host });
  const events = new EventDesk();
  const agents = new AgentDesk({
    run,
    plan,
    events,
    recordDir: record.dir,
    spare: deps.ahead?.agent ?? null,
  });
  agents.fork();
  const lower = raiseThread();
  try {
    const facts = new RunFacts();
    const streams = openStreams((error) => events.internal(error));
    const info = { run, plan: shown, record: record.dir, replay: false };
    const fanOut = await FanOut.open(deps.exporters, info, screen);
    const numbers = connect({ plan, events, record, streams, facts, fanOut });
    const safety = await SafetyDesk.open({
      plan,
      events,
      paths: [record.dir],
      toActor: (actor, message) => agents.toActor(actor, message),
      toAgent: (agent, message) => agents.toAgent(agent, message),
      threads: deps.ahead?.guard,
      onState: (state) => numbers.host?.setState(state),
    });
    const phases = new PhaseDesk({
      plan,
      events,
      accumulator: numbers.accumulator,
      toAll: (message) => agents.toAll(message),
    });
    phases.onMoved(() => numbers.moved());
    streams.windows.subscribe((window) => phases.window(window));
    const toActor = (actor: string, message: ToAgent): void => agents.toActor(actor, message);
    const { accumulator } = numbers;
    const searches = new SearchDesk({ plan, events, accumulator, phases, toActor });
    streams.windows.subscribe((window) => searches.window(window));
    const thresholds = new ThresholdDesk(plan, events, numbers.accumulator);
    streams.windows.subscribe((window) => thresholds.window(window));
    const surroundings = new Surroundings({ plan, events });
    const opened = { run, plan, record, events, agents, facts, streams, fanOut };
    const handle = new Orchestrator({
      ...opened,
      numbers,
      phases,
      searches,
      safety,
      thresholds,
      surroundings,
    }).handle();
    void handle.done.then(lower, lower);
    return handle;
  } catch (error) {
    lower();
    agents.kill();
    throw error;
  }
}

type Connected = Pick<RunParts, 'plan' | 'events' | 'record' | 'streams' | 'facts' | 'fanOut'>;

/** Who hears what, in which order. */
function connect({ plan, events, record, streams, facts, fanOut }: Connected): NumbersDesk {
  streams.events.subscribe((event) => facts.add(event));
  streams.events.subscribe((event) => record.event(event));
  streams.events.subscribe((event) => fanOut.event(event));
  const numbers = new NumbersDesk({ plan, events, record, streams });
  streams.windows.subscribe((window) => fanOut.window(window));
  events.connect(streams);
  return numbers;
}

/** The order of a run. */
class Orchestrator {
  readonly #parts: RunParts;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  handle(): RunHandle {
    const { run, record, events, safety } = this.#parts;
    return {
      run,
      record: record.dir,
      stop: (cause, signal) =>
        events.stop(cause, cause === 'signal' ? `interrupted by ${signal ?? 'a signal'}` : 'stopped by hand'),
      kill: () => this.#kill(),
      scale: (factor) => safety.byPerson((scales) => scales.setPerson(factor)),
      pause: () => safety.byPerson((scales) => scales.pause()),
      resume: () => safety.byPerson((scales) => scales.resume()),
      done: this.#work(),
    };
  }

  async #work(): Promise<RunSummary> {
    const { run, events } = this.#parts;
    events.emit({ type: 'run.starting', run });
    try {
      const startNs = await this.#start();
      if (startNs !== null) await this.#follow(startNs);
    } catch (error) {
      events.internal(error);
    }
    return concludeRun(this.#parts, await this.#end());
  }

  /** Two steps: all instances load and report; when all have, they are given one start instant. Null: it never came. */
  async #start(): Promise<number | null> {
    const { agents, events, numbers, phases, searches, safety, surroundings } = this.#parts;
    const isReady = await Promise.race([
      surroundings
        .start()
        .then(() => agents.load({ numbers, safety, phases, searches }))
        .then(
          () => true,
          (error: unknown) => {
            // A failure that an actor has already reported stands for itself.
            events.stop('cannot-start', messageOf(error));
            return false;
          },
        ),
      events.stopped.then(() => false),
    ]);
    if (!isReady) return null;
    const wantedMs = START_ROUND_TRIPS * (await agents.roundTripMs());
    const delayMs = Math.min(START_DELAY_MAX_MS, Math.max(START_DELAY_MIN_MS, wantedMs));
    const startNs = nowNs() + delayMs * MS;
    agents.start(startNs);
    events.setStart(startNs);
    numbers.start(startNs, safety.guard.buffers, phases.clock);
    agents.expectAll();
    safety.start();
    surroundings.begin(startNs, numbers.host);
    events.emit({ type: 'run.started', startedAt: new Date(Date.now() + delayMs).toISOString() });
    return startNs;
  }

  /** Through all phases, or until something stops the run. */
  async #follow(startNs: number): Promise<void> {
    const { plan, events, numbers, phases, searches } = this.#parts;
    const limit = setTimeout(
      () => events.stop('max-duration', `longer than safety.maxDuration`),
      Math.min(plan.safety.maxDurationMs, TIMEOUT_MAX_MS),
    );
    const startMs = (index: number): number => phases.clock.startsMs[index] ?? 0;
    const schedule = new Schedule(phases.clock, plan.phases, startNs, {
      phaseStarted: (phase) => {
        const { name, index } = phase;
        numbers.host?.phaseStarted(startNs + startMs(index) * MS);
        events.emit({ type: 'phase.started', phase: name, phaseIndex: index });
        phases.started(phase);
        searches.started(phase);
      },
      phaseEnded: ({ name, index }) => {
        phases.ended();
        const tookMs = events.atMs - startMs(index);
        events.emit({ type: 'phase.ended', phase: name, phaseIndex: index, tookMs });
      },
      cut: (window) => numbers.cut(window),
    });
    phases.onMoved(() => schedule.moved());
    const isWhole = await schedule.walk(events.stopped);
    clearTimeout(limit);
    if (isWhole) events.stop('completed', 'all phases ran');
  }

  /** The stop ladder, then what is left: frames on their way, agents, guard. Never throws; what fails is said. */
  async #end(): Promise<{ stopMs: number; heldAtStop: Readonly<Record<string, number>> }> {
    const { plan, record, events, agents, numbers, phases, searches, safety, surroundings } = this.#parts;
    const fromNs = nowNs();
    const heldAtStop = heldAt(phases.lastPhase, safety.heldByActor());
    await climbStopLadder(agents.all, plan.safety.gracefulStopMs, (rung, agent, detail) =>
      events.emit({ type: 'stop.rung', rung, agent, detail }),
    );
    const stopMs = (nowNs() - fromNs) / MS;
    if (events.stopCause !== 'completed') numbers.cutShort();
    // No load any more, and none yet: asking other programs who this host is takes a tenth of a second of a core.
    const identified = fingerprint().then((known) => record.identify({ ...known }));
    identified.catch((error: unknown) => events.emit({ type: 'note', message: messageOf(error) }));
    await numbers.settled(); // what an agent still owes it sends when the frames before are acknowledged
    await agents.end();
    await numbers.flush();
    phases.finish();
    searches.finish();
    await surroundings.stop();
    await safety.stop();
    await identified.catch(() => undefined); // said above
    return { stopMs, heldAtStop };
  }

  #kill(): void {
    const { events, agents, surroundings } = this.#parts;
    events.stop('signal', 'interrupted twice: agents killed');
    agents.kill();
    surroundings.kill();
  }
}

/**
 * What actors had by lease when the stop came. Accounts are as old as the last window, so an actor that the phase
 * does not load, and which has given everything back since, is left out.
 */
function heldAt(phase: PlannedPhase | null, held: ReadonlyMap<string, number>): Record<string, number> {
  const isLoaded = (actor: string): boolean =>
    phase?.load[actor]?.some(({ from, to }) => from > 0 || to > 0) ?? false;
  return Object.fromEntries([...held].filter(([actor, amount]) => amount > 0 && isLoaded(actor)));
}
