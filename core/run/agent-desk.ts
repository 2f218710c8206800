/**
 * All agents of a run: forks and loads them, turns what they say into events, frames and accounts, and forks a lost
 * one anew where its actors want that. Owned by the orchestrator.
 */
import { must, unreachable } from '../base/assert.js';
import { messageOf } from '../base/errors.js';
import type { FromAgent, ToAgent } from '../contract/messages.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import { reap } from '../agent/journal.js';
import type { Link } from '../agent/link.js';
import type { AgentCallbacks, LostInstance } from './agent-handle.js';
import { AgentHandle } from './agent-handle.js';
import type { EventDesk } from './event-desk.js';
import type { NumbersDesk } from './numbers-desk.js';
import { describeOom, OomWatch } from './oom-watch.js';
import type { PhaseDesk } from './phase-desk.js';
import type { SearchDesk } from './search-desk.js';
import type { SafetyDesk } from './safety-desk.js';
import { Supervisor } from './supervisor.js';

/** An agent that hears nothing from the orchestrator for so long ends itself. */
const LEASE_MS = 2000;
/** An idle agent that does not end by itself is killed after this. */
const AGENT_EXIT_MS = 2000;

export interface AgentDeskInput {
  readonly run: string;
  readonly plan: Plan;
  readonly events: EventDesk;
  /** Directory of the record: journals lie beside it. */
  readonly recordDir: string;
  /** An agent that was forked while the plan was being made: the first one's process. */
  readonly spare: Link | null;
}

/** Whom the agents' numbers, accounts and ends go to: there once everything is open. */
export interface AgentEars {
  readonly numbers: NumbersDesk;
  readonly safety: SafetyDesk;
  readonly phases: PhaseDesk;
  readonly searches: SearchDesk;
}

export class AgentDesk {
  /** Paths that could not be removed, each with the reason. */
  readonly leftBehind: string[] = [];
  readonly #input: AgentDeskInput;
  readonly #supervisor: Supervisor;
  readonly #oom = new OomWatch();
  /** The present life of each. */
  readonly #agents = new Map<string, AgentHandle>();
  readonly #agentOf = new Map<string, AgentHandle>();
  #ears: AgentEars | null = null;

  constructor(input: AgentDeskInput) {
    this.#input = input;
    this.#supervisor = new Supervisor({
      ...input,
      onDone: (actor, instance) => this.#ears?.phases.instanceDone(actor, instance),
      onRestarted: (actor) => this.#ears?.numbers.host?.restarted(actor),
    });
  }

  get all(): readonly AgentHandle[] {
    return [...this.#agents.values()];
  }

  /** Early: agents boot while the rest is being opened, and say nothing but hello until they are loaded. */
  fork(): void {
    const { plan, spare } = this.#input;
    for (const [index, { name, actors }] of plan.agents.entries()) {
      const members = actors.map((actor) =>
        must(
          plan.actors.find((a) => a.name === actor),
          `actor ${actor}`,
        ),
      );
      this.#fork(name, members, 0, index === 0 ? spare : null);
    }
  }

  /** Settles when every instance is loaded and waits for the start instant; rejects when one cannot get there. */
  async load(ears: AgentEars): Promise<void> {
    this.#ears = ears;
    for (const agent of this.all) agent.load();
    await Promise.all(this.all.map((agent) => agent.ready()));
  }

  /** How long the slowest agent takes to answer now, in ms. */
  async roundTripMs(): Promise<number> {
    const all = await Promise.all(this.all.map((agent) => agent.roundTripMs()));
    return Math.max(0, ...all.filter((ms) => !Number.isNaN(ms)));
  }

  /** From the same turn on, their numbers are waited for. */
  start(startNs: number): void {
    for (const agent of this.all) agent.send({ type: 'start', startNs });
  }

  expectAll(): void {
    for (const agent of this.all) this.#ears?.numbers.expect(agent.name);
  }

  toActor(actor: string, message: ToAgent): void {
    this.#agentOf.get(actor)?.send(message);
  }

  toAgent(agent: string, message: ToAgent): void {
    this.#agents.get(agent)?.send(message);
  }

  toAll(message: ToAgent): void {
    for (const agent of this.all) agent.send(message);
  }

  kill(): void {
    for (const agent of this.all) agent.kill();
  }

  /** Ends the processes, which are idle or killed, and removes what their journals name. */
  async end(): Promise<void> {
    await Promise.all(this.all.map((agent) => agent.exit(AGENT_EXIT_MS)));
    for (const agent of this.all) this.#reap(agent);
    this.#oom.close();
  }

  #fork(
    name: string,
    actors: readonly PlannedActor[],
    epoch: number,
    spare: Link | null = null,
  ): AgentHandle {
    const { run, plan, recordDir, events } = this.#input;
    const { phases, seed, windowMs, safety, host } = plan;
    const load = {
      phases,
      seed,
      windowMs,
      leaseMs: LEASE_MS,
      actorNice: safety.actorNice,
      writablePaths: plan.safety.writablePaths ?? [],
      journal: `${recordDir}/journal-${name.replaceAll('/', '-')}.ndjson`,
      record: recordDir,
      tmp: host.tmp,
    };
    const life = { name, epoch, actors: actors.map((actor) => actor.name) };
    const callbacks: AgentCallbacks = {
      message: (from, body) => this.#onMessage(from, body),
      output: (from, stream, text) => events.emit({ type: 'agent.output', agent: from.name, stream, text }),
      lost: (from, cause, running) => this.#onLost(from, cause, running),
    };
    const agent = new AgentHandle(run, life, actors, load, callbacks, spare);
    this.#agents.set(name, agent);
    for (const actor of actors) this.#agentOf.set(actor.name, agent);
    // All its instances have ended while the run goes on: windows need not wait for it any more.
    void agent.idle.then(() => {
      if (events.stopCause === null && this.#agents.get(name) === agent) this.#ears?.numbers.forget(name);
    });
    return agent;
  }

  #onMessage(agent: AgentHandle, body: FromAgent): void {
    const { events } = this.#input;
    switch (body.type) {
      case 'ready':
        this.#ears?.safety.watch(agent, body.recallFd);
        return events.emit({ type: 'agent.ready', agent: agent.name, pid: agent.pid, tookMs: agent.ageMs });
      case 'frame':
        void this.#ears?.numbers
          .frame(agent.name, agent.boot, body.frame)
          .then(() => agent.send({ type: 'ack', seq: body.frame.seq }));
        return;
      case 'accounts':
        return this.#ears?.safety.accounts(agent.name, body.accounts);
      case 'ended':
        return this.#supervisor.ended(agent, body);
      case 'stuck':
        return this.#supervisor.stuck(agent, body);
      case 'unleased':
        return events.emit({ ...body, type: 'actor.unleased', agent: agent.name });
      case 'log':
        return events.emit({ ...body, type: 'actor.log' });
      case 'hello':
      case 'loaded':
      case 'beat':
        return;
      default:
        unreachable(body);
    }
  }

  #onLost(agent: AgentHandle, cause: string, running: readonly LostInstance[]): void {
    this.#ears?.numbers.forget(agent.name);
    this.#ears?.safety.unwatch(agent.name);
    const oom = cause === 'signal SIGKILL' ? this.#oom.verdict(agent.pid) : null;
    if (oom !== null)
      this.#input.events.emit({ type: 'agent.oom', agent: agent.name, pid: agent.pid, ...oom });
    const why = oom === null ? cause : `${cause}: ${describeOom(oom)}`;
    const code = oom === null ? 'E_AGENT_LOST' : 'E_OOM_KILLED';
    const again = this.#supervisor.lost(agent, why, running, code);
    if (again.length > 0) void this.#forkAnew(agent, again);
  }

  /** What is lost comes back as a new life: loaded from the beginning, started at the present instant. */
  async #forkAnew(lost: AgentHandle, actors: readonly PlannedActor[]): Promise<void> {
    const { events } = this.#input;
    this.#reap(lost);
    try {
      const agent = this.#fork(lost.name, actors, lost.epoch + 1);
      agent.load();
      await agent.ready();
      this.#rejoin(agent);
    } catch (error) {
      // Lost once more: that life has an answer of its own.
      const isCurrent = this.#agents.get(lost.name)?.epoch === lost.epoch + 1;
      if (isCurrent) events.stop('actor', `agent ${lost.name} did not come back: ${messageOf(error)}`);
    }
  }

  #rejoin(agent: AgentHandle): void {
    const { startNs, stopCause } = this.#input.events;
    if (this.#ears === null || startNs === null || stopCause !== null) return;
    const { numbers, phases, searches, safety } = this.#ears;
    numbers.expect(agent.name);
    agent.send({ type: 'phases', startsNs: phases.clock.startsNs(startNs) });
    for (const { name } of agent.actors) {
      safety.resendScale(name);
      searches.resend(name);
    }
    agent.send({ type: 'start', startNs });
  }

  #reap(agent: AgentHandle): void {
    const { removed, left } = reap(agent.journal);
    if (removed.length > 0) {
      const detail = `removed ${removed.join(', ')}`;
      this.#input.events.emit({ type: 'stop.rung', rung: 'reap', agent: agent.name, detail });
    }
    this.leftBehind.push(...left.map(({ path, reason }) => `${path}: ${reason}`));
  }
}
