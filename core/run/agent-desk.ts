/**
 * All agents of a run: forks and loads them, turns what they say into events, frames and accounts, and answers the
 * end of an instance or of an agent. Owned by the orchestrator.
 */
import { must, unreachable } from '../base/assert.js';
import type { FromAgent, InstanceOutcome, ToAgent } from '../contract/messages.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import { reap } from '../agent/journal.js';
import type { LostInstance } from './agent-handle.js';
import { AgentHandle } from './agent-handle.js';
import type { EventDesk } from './event-desk.js';
import type { NumbersDesk } from './numbers-desk.js';
import type { SafetyDesk } from './safety-desk.js';

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
}

/** Whom the agents' numbers and accounts go to: there once everything is open. */
export interface AgentEars {
  readonly numbers: NumbersDesk;
  readonly safety: SafetyDesk;
}

export class AgentDesk {
  /** Paths that could not be removed, each with the reason. */
  readonly leftBehind: string[] = [];
  readonly #input: AgentDeskInput;
  readonly #agents = new Map<string, AgentHandle>();
  readonly #agentOf = new Map<string, AgentHandle>();
  #ears: AgentEars | null = null;

  constructor(input: AgentDeskInput) {
    this.#input = input;
  }

  get all(): readonly AgentHandle[] {
    return [...this.#agents.values()];
  }

  /** Early: agents boot while the rest is being opened, and say nothing but hello until they are loaded. */
  fork(): void {
    for (const { name, actors } of this.#input.plan.agents) {
      const agent = this.#fork(
        name,
        actors.map((actor) => this.#actor(actor)),
      );
      this.#agents.set(name, agent);
      for (const actor of actors) this.#agentOf.set(actor, agent);
    }
  }

  /** Settles when every instance is loaded and waits for the start instant; rejects when one cannot get there. */
  async load(ears: AgentEars): Promise<void> {
    this.#ears = ears;
    for (const agent of this.all) agent.load();
    await Promise.all(this.all.map((agent) => agent.ready()));
  }

  start(startNs: number): void {
    for (const agent of this.all) {
      this.#ears?.numbers.expect(agent.name);
      agent.send({ type: 'start', startNs });
    }
  }

  toActor(actor: string, message: ToAgent): void {
    this.#agentOf.get(actor)?.send(message);
  }

  toAgent(agent: string, message: ToAgent): void {
    this.#agents.get(agent)?.send(message);
  }

  kill(): void {
    for (const agent of this.all) agent.kill();
  }

  /** Ends the processes, which are idle or killed, and removes what their journals name. */
  async end(): Promise<void> {
    await Promise.all(this.all.map((agent) => agent.exit(AGENT_EXIT_MS)));
    for (const agent of this.all) this.#reap(agent);
  }

  #fork(name: string, actors: readonly PlannedActor[]): AgentHandle {
    const { run, plan, recordDir, events } = this.#input;
    const { phases, seed, windowMs, safety, host } = plan;
    const load = {
      phases,
      seed,
      windowMs,
      leaseMs: LEASE_MS,
      actorNice: safety.actorNice,
      journal: `${recordDir}/journal-${name.replaceAll('/', '-')}.ndjson`,
      tmp: host.tmp,
    };
    return new AgentHandle(run, { name, actors: actors.map((actor) => actor.name) }, actors, load, {
      message: (from, body) => this.#onMessage(from, body),
      output: (from, stream, text) => events.emit({ type: 'agent.output', agent: from.name, stream, text }),
      lost: (from, cause, running) => this.#onLost(from, cause, running),
    });
  }

  #onMessage(agent: AgentHandle, body: FromAgent): void {
    const { events } = this.#input;
    switch (body.type) {
      case 'ready':
        this.#ears?.safety.watch(agent.name, agent.pid, agent.actors);
        return events.emit({ type: 'agent.ready', agent: agent.name, pid: agent.pid, tookMs: agent.ageMs });
      case 'frame':
        this.#ears?.numbers.frame(agent.name, agent.boot, body.frame);
        return agent.send({ type: 'ack', seq: body.frame.seq });
      case 'accounts':
        return this.#ears?.safety.accounts(agent.name, body.accounts);
      case 'ended':
        return this.#onEnded(body.actor, body.instance, body.outcome);
      case 'stuck':
        events.emit({ ...body, type: 'actor.stuck' });
        return events.stop(
          'actor',
          `${body.actor}[${body.instance}] is stuck in ${body.method}: silent for ${body.silentMs} ms`,
        );
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

  #onEnded(actor: string, instance: number, outcome: InstanceOutcome): void {
    const { events } = this.#input;
    if (outcome.kind === 'done' || outcome.kind === 'stopped') {
      events.emit({ type: 'actor.ended', actor, instance });
      return;
    }
    const isUnavailable = outcome.kind === 'unavailable';
    const reason =
      outcome.kind === 'terminated' ? 'did not stop when asked; its thread was terminated' : outcome.reason;
    events.emit({
      type: 'actor.failed',
      actor,
      instance,
      ...this.#ownerOf(actor),
      method: 'method' in outcome ? outcome.method : null,
      code: isUnavailable ? 'E_UNAVAILABLE' : 'E_ACTOR_FAILED',
      reason,
      ...('stack' in outcome ? { stack: outcome.stack } : {}),
    });
    events.stop(isUnavailable ? 'cannot-start' : 'actor', `${actor}: ${reason}`);
  }

  #onLost(agent: AgentHandle, cause: string, running: readonly LostInstance[]): void {
    const { events } = this.#input;
    this.#ears?.numbers.forget(agent.name);
    this.#ears?.safety.unwatch(agent.name);
    const actors = [...new Set(running.map(({ actor }) => actor))];
    events.emit({ type: 'agent.lost', agent: agent.name, pid: agent.pid, cause, actors });
    if (events.stopCause === 'safety') return; // the gate's last rung ended it
    for (const { actor, instance, method } of running) {
      events.emit({
        type: 'actor.failed',
        actor,
        instance,
        ...this.#ownerOf(actor),
        method,
        code: 'E_AGENT_LOST',
        reason: `its agent ${agent.name} (pid ${agent.pid}) ended: ${cause}`,
      });
    }
    events.stop('actor', `agent ${agent.name} ended: ${cause}`);
  }

  #reap(agent: AgentHandle): void {
    const { removed, left } = reap(agent.journal);
    if (removed.length > 0) {
      const detail = `removed ${removed.join(', ')}`;
      this.#input.events.emit({ type: 'stop.rung', rung: 'reap', agent: agent.name, detail });
    }
    this.leftBehind.push(...left.map(({ path, reason }) => `${path}: ${reason}`));
  }

  #actor(name: string): PlannedActor {
    return must(
      this.#input.plan.actors.find((actor) => actor.name === name),
      `actor ${name} of the plan`,
    );
  }

  /** Whose code an actor runs. */
  #ownerOf(name: string): { readonly simulator: string; readonly plugin?: string } {
    const { simulator, plugin } = this.#actor(name);
    return { simulator, ...(plugin !== undefined && { plugin }) };
  }
}
