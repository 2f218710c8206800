/**
 * What is done about actors that fail: the end of an instance, a silent one or the loss of an agent enters; by the
 * actor's `onFailure` the run stops, goes on without it, or it is started again. Owned by `agent-desk.ts`.
 */
import type { FromAgent, InstanceOutcome } from '../contract/messages.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import { must } from '../base/assert.js';
import type { ErrorCode } from '../base/codes.js';
import type { AgentHandle, LostInstance } from './agent-handle.js';
import type { EventDesk } from './event-desk.js';

/** More restarts of one actor than this within a minute, and the run stops. */
export const RESTARTS_MAX = 3;
const RESTARTS_WITHIN_MS = 60_000;

type Policy = NonNullable<PlannedActor['onFailure']>;
type Ended = Extract<FromAgent, { type: 'ended' }>;
type Stuck = Extract<FromAgent, { type: 'stuck' }>;
/** Ended by whomever, or by the kernel for want of memory. */
type LossCode = Extract<ErrorCode, 'E_AGENT_LOST' | 'E_OOM_KILLED'>;
type Failure = Exclude<InstanceOutcome, { kind: 'done' | 'stopped' }>;

export interface SupervisorInput {
  readonly plan: Plan;
  readonly events: EventDesk;
  readonly onDone: (actor: string, instance: number) => void;
  readonly onRestarted: (actor: string) => void;
}

export class Supervisor {
  readonly #input: SupervisorInput;
  /** Of each actor, when it was started again (ms since the start instant), all of them. */
  readonly #restarts = new Map<string, number[]>();

  constructor(input: SupervisorInput) {
    this.#input = input;
  }

  ended(agent: AgentHandle, { actor, instance, outcome, isHeld = false }: Ended): void {
    const { events, onDone } = this.#input;
    if (outcome.kind === 'done' || outcome.kind === 'stopped') {
      events.emit({ type: 'actor.ended', actor, instance });
      if (outcome.kind === 'done') onDone(actor, instance);
      return;
    }
    const reason = this.#reasonOf(outcome);
    const policy = outcome.kind === 'unavailable' ? 'stop-run' : this.#policyOf(actor);
    const text = `${actor}[${instance}]: ${reason}`;
    if (policy === 'restart' && isHeld && this.#mayRestart(actor, text)) {
      agent.send({ type: 'restart', actor });
      return;
    }
    this.#tellFailure(actor, instance, outcome, reason);
    if (policy === 'continue') return;
    events.stop(
      outcome.kind === 'unavailable' ? 'cannot-start' : 'actor',
      this.#stopReason(actor, `${actor}: ${reason}`),
    );
  }

  stuck(agent: AgentHandle, body: Stuck): void {
    const { events } = this.#input;
    const { actor, instance, method, silentMs } = body;
    events.emit({ ...body, type: 'actor.stuck' });
    if (this.#policyOf(actor) === 'stop-run') {
      events.stop('actor', `${actor}[${instance}] is stuck in ${method}: silent for ${silentMs} ms`);
    } else agent.send({ type: 'end', actor, instance });
  }

  /** Says whom to start again in a new process; empty: nobody. The strictest policy of those that ran in it counts. */
  lost(
    agent: AgentHandle,
    cause: string,
    running: readonly LostInstance[],
    code: LossCode,
  ): readonly PlannedActor[] {
    const { events } = this.#input;
    const names = [...new Set(running.map(({ actor }) => actor))];
    events.emit({ type: 'agent.lost', agent: agent.name, pid: agent.pid, cause, actors: names });
    if (events.stopCause === 'safety') return []; // the gate's last rung ended it
    const reason = `its agent ${agent.name} (pid ${agent.pid}) ended: ${cause}`;
    const policies = (names.length > 0 ? names : agent.actors.map(({ name }) => name)).map((name) =>
      this.#policyOf(name),
    );
    const again = policies.includes('stop-run')
      ? []
      : names.filter((name) => this.#policyOf(name) === 'restart');
    const refused = again.filter((name) => !this.#mayRestart(name, `${name}: ${reason}`));
    const isOver = policies.includes('stop-run') || refused.length > 0;
    for (const { actor, instance, method } of running) {
      if (!isOver && again.includes(actor)) continue;
      events.emit({ type: 'actor.failed', actor, instance, ...this.#ownerOf(actor), method, code, reason });
    }
    if (!isOver) return again.map((name) => this.#actor(name));
    events.stop('actor', this.#stopReason(refused[0] ?? '', `agent ${agent.name} ended: ${cause}`));
    return [];
  }

  /** Counts the restart and says so; false when there were too many. */
  #mayRestart(actor: string, reason: string): boolean {
    const { events, onRestarted } = this.#input;
    const all = this.#restarts.get(actor) ?? [];
    const { atMs } = events;
    if (all.filter((ms) => atMs - ms < RESTARTS_WITHIN_MS).length >= RESTARTS_MAX) return false;
    all.push(atMs);
    this.#restarts.set(actor, all);
    events.emit({ type: 'actor.restarted', actor, reason, restarts: all.length });
    onRestarted(actor);
    return true;
  }

  #stopReason(actor: string, reason: string): string {
    const restarts = this.#restarts.get(actor)?.length ?? 0;
    return restarts === 0 ? reason : `${reason} (started again ${restarts} times before)`;
  }

  /** Who has not started yet, or stops already, is not started again. */
  #policyOf(actor: string): Policy {
    const { startNs, stopCause } = this.#input.events;
    if (startNs === null || stopCause !== null) return 'stop-run';
    return this.#actor(actor).onFailure ?? 'stop-run';
  }

  #reasonOf(outcome: Failure): string {
    if (outcome.kind !== 'terminated') return outcome.reason;
    const isStopping = this.#input.events.stopCause !== null;
    return isStopping
      ? 'did not stop when asked; its thread was terminated'
      : `was stuck in ${outcome.method} and did not end when asked; its thread was terminated`;
  }

  #tellFailure(actor: string, instance: number, outcome: Failure, reason: string): void {
    this.#input.events.emit({
      type: 'actor.failed',
      actor,
      instance,
      ...this.#ownerOf(actor),
      method: 'method' in outcome ? outcome.method : null,
      code: outcome.kind === 'unavailable' ? 'E_UNAVAILABLE' : 'E_ACTOR_FAILED',
      reason,
      ...('stack' in outcome ? { stack: outcome.stack } : {}),
    });
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
