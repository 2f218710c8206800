/**
 * The guard's voice in a run: what it does becomes events, scales and revoked leases; the ledger grants what it lets.
 * Owned by the orchestrator, which gives it a way to speak to the actors.
 */
import { nowNs } from '../base/clock.js';
import type { SafetyState } from '../base/sentences.js';
import type { LeaseAccount, ToAgent } from '../contract/messages.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { Resource } from '../contract/plugin.js';
import type { Guard, GuardAction } from '../safety/guard.js';
import { startGuard } from '../safety/guard.js';
import type { GuardThreads } from '../safety/guard-threads.js';
import { Ledger } from '../safety/ledger.js';
import type { EventDesk } from './event-desk.js';
import { describeAction } from './run-facts.js';
import { ScaleBoard } from './scale-board.js';

const LEDGER_TICK_MS = 100;
/** What the ledger grants. */
const LEASED: Resource = 'memory';
/** In these states of the gate leases are granted; beyond them nothing more is taken. */
const MAY_GRANT: readonly SafetyState[] = ['ok', 'warn', 'throttle'];

export interface SafetyInput {
  readonly plan: Plan;
  readonly events: EventDesk;
  /** Paths whose filesystems the guard watches. */
  readonly paths: readonly string[];
  readonly toActor: (actor: string, message: ToAgent) => void;
  readonly toAgent: (agent: string, message: ToAgent) => void;
  /** Threads of the guard that have booted ahead of time. */
  readonly threads: GuardThreads | undefined;
  readonly onState: (state: SafetyState) => void;
}

export interface WatchedAgent {
  readonly name: string;
  readonly pid: number;
  readonly actors: readonly PlannedActor[];
}

export class SafetyDesk {
  readonly guard: Guard;
  readonly #input: SafetyInput;
  readonly #ledger: Ledger;
  readonly #scales: ScaleBoard;
  #ticker: NodeJS.Timeout | undefined;
  #mayTick = false;

  static async open(input: SafetyInput): Promise<SafetyDesk> {
    const { limits, clearHoldMs } = input.plan.safety;
    const guard = await startGuard({ limits, clearHoldMs, paths: input.paths }, input.threads);
    return new SafetyDesk(input, guard);
  }

  private constructor(input: SafetyInput, guard: Guard) {
    const { plan, events, toActor, toAgent } = input;
    this.#input = input;
    this.guard = guard;
    this.#scales = new ScaleBoard(plan, (actor, scale) => toActor(actor, { type: 'scale', actor, scale }));
    this.#ledger = new Ledger({
      resource: LEASED,
      reserveBytes: plan.safety.reserveBytes,
      availableBytes: () => guard.availableBytes(),
      send: (agent, grant) => {
        guard.noteGrant(LEASED);
        toAgent(agent, grant);
      },
      clock: nowNs,
      onDenied: ({ actor, resource, asked, there, limit }) =>
        events.emit({ type: 'lease.denied', actor, resource, asked, there, limit }),
      onExpired: ({ actor, resource, amount }) => {
        toActor(actor, { type: 'revoke', actor });
        events.emit({ type: 'lease.expired', actor, resource, amount });
      },
    });
    guard.onAction((action) => this.#onAction(action));
    guard.onThaw((thawed) => events.emit({ type: 'safety.freeze', ...thawed }));
    guard.onFailure((error) => events.internal(error));
  }

  /** The run works: requests that wait are tried again and again. */
  start(): void {
    this.#mayTick = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#mayTick = false;
    clearTimeout(this.#ticker);
    await this.guard.stop();
  }

  /** An agent has loaded its actors. */
  watch({ name: agent, pid, actors }: WatchedAgent, recallFd: number | null): void {
    this.guard.watch({ agent, pid, takes: takesOf(actors), recallFd });
  }

  /** It is gone, and with it what it held. */
  unwatch(agent: string): void {
    this.#heed();
    this.#ledger.forget(agent);
    this.guard.unwatch(agent);
  }

  /** An actor that was started again in a new process knows of no scale. */
  resendScale(actor: string): void {
    this.#scales.resend(actor);
  }

  accounts(agent: string, accounts: readonly LeaseAccount[]): void {
    this.#heed();
    this.#ledger.accounts(agent, accounts);
    this.#schedule();
  }

  /** While nobody waits and nothing is on its way there is nothing to look at: an idle run is not woken for it. */
  #schedule(): void {
    if (!this.#mayTick || this.#ticker !== undefined || !this.#ledger.isBusy) return;
    this.#ticker = setTimeout(() => {
      this.#ticker = undefined;
      this.#heed();
      this.#ledger.tick();
      this.#schedule();
    }, LEDGER_TICK_MS);
  }

  /** What the guard has decided holds before it is heard of: credit granted meanwhile would count as new. */
  #heed(): void {
    if (!MAY_GRANT.includes(this.guard.state())) this.#ledger.hold();
  }

  /** By its actors' last accounts. */
  heldByActor(): ReadonlyMap<string, number> {
    return this.#ledger.totals().heldByActor;
  }

  byPerson(change: (scales: ScaleBoard) => number): void {
    this.#input.events.emit({ type: 'person.scaled', scale: change(this.#scales) });
  }

  /** The guard has frozen whom it had to; here the load is turned down, then the frozen go on. */
  #onAction(action: GuardAction): void {
    const { plan, events, toActor, onState } = this.#input;
    const { from, to, limit, value, bound, unit, source, effect } = action;
    const event = { type: 'safety.action', from, to, limit, value, bound, unit, source, effect } as const;
    events.emit(event);
    onState(this.guard.state());
    if (to === 'stop' || to === 'kill') {
      events.stop('safety', describeAction({ atMs: events.atMs, ...event }));
    }
    this.#scales.setLimit(limit, to);
    if (MAY_GRANT.includes(this.guard.state())) this.#ledger.resume();
    else this.#ledger.hold();
    // What is granted and not yet used would still be taken: it is asked for anew, at the new pace.
    if (to !== 'ok' && to !== 'warn') {
      for (const { name, takes } of plan.actors) {
        if (takes !== null) toActor(name, { type: 'revoke', actor: name });
      }
    }
    this.guard.thaw();
  }
}

/** The resource by which the guard knows whom to freeze; the actors of one agent take one kind, or none. */
function takesOf(actors: readonly PlannedActor[]): Resource | null {
  return actors.find((actor) => actor.takes !== null)?.takes ?? null;
}
