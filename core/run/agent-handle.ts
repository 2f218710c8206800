/**
 * The orchestrator's side of one agent: forks it, loads it, knows which of its instances still run, and turns its
 * end, however it comes, into one answer. What the agent says goes on to the orchestrator.
 */
import { MS, nowNs } from '../base/clock.js';
import { deferred } from '../base/deferred.js';
import { BruntError } from '../base/errors.js';
import type { FromAgent, InstanceOutcome, ToAgent } from '../contract/messages.js';
import type { Method } from '../contract/control-block.js';
import type { PlannedActor, PlannedAgent } from '../contract/plan.js';
import type { Link } from '../agent/link.js';
import { forkAgent } from '../agent/link-local.js';
import type { Stoppable } from './stop-ladder.js';

/** Booting an agent: Node itself, koffi, our modules; many times what it takes on a loaded machine. */
const BOOT_DEADLINE_MS = 20_000;
/** On top of it, for each instance: a thread, an import, the simulator's own start. */
const INSTANCE_DEADLINE_MS = 1000;

export interface LostInstance {
  readonly actor: string;
  readonly instance: number;
  /** What it was last known to be doing; null when it had not said anything yet. */
  readonly method: Method | null;
}

export interface AgentCallbacks {
  message(agent: AgentHandle, body: FromAgent): void;
  output(agent: AgentHandle, stream: 'stdout' | 'stderr', text: string): void;
  /** The process ended before it was told to. `running`: the instances that were left. */
  lost(agent: AgentHandle, cause: string, running: readonly LostInstance[]): void;
}

export class AgentHandle implements Stoppable {
  readonly name: string;
  readonly actors: readonly PlannedActor[];
  readonly journal: string;
  /** Which life of the agent this is. */
  readonly epoch: number;
  readonly #link: Link;
  readonly #callbacks: AgentCallbacks;
  readonly #load: ToAgent;
  readonly #running = new Map<string, Set<number>>();
  readonly #doing = new Map<string, Method>();
  readonly #idle = deferred();
  readonly #ready = deferred();
  readonly #forkedNs = nowNs();
  readonly #echoes: (() => void)[] = [];
  #boot = '';
  #mayLoad = false;
  #isIdle = false;
  #isReady = false;
  #isExpectedToEnd = false;

  constructor(
    run: string,
    agent: PlannedAgent & { readonly epoch: number },
    actors: readonly PlannedActor[],
    load: Omit<ToAgent & { type: 'load' }, 'type' | 'actors' | 'journal'> & { readonly journal: string },
    callbacks: AgentCallbacks,
    /** Forked ahead of time. */
    spare: Link | null,
  ) {
    this.name = agent.name;
    this.epoch = agent.epoch;
    this.actors = actors;
    this.journal = load.journal;
    this.#callbacks = callbacks;
    this.#load = { type: 'load', actors, ...load };
    for (const actor of actors) {
      this.#running.set(actor.name, new Set(Array.from({ length: actor.instances }, (_, i) => i)));
    }
    this.#ready.promise.catch(() => undefined); // awaited in `ready`; a failure before that is not unhandled
    const conversation = { run, agent: agent.name, epoch: agent.epoch };
    spare?.join(conversation);
    this.#link = spare ?? forkAgent(conversation);
    this.#link.onMessage((body, { boot }) => this.#onMessage(body, boot));
    this.#link.onOutput((stream, text) => this.#callbacks.output(this, stream, text));
    void this.#link.closed.then(({ code, signal }) => this.#onClosed(code, signal));
  }

  get pid(): number {
    return this.#link.pid;
  }

  /** Tells one life of the process from the next; empty until it has said hello. */
  get boot(): string {
    return this.#boot;
  }

  get ageMs(): number {
    return (nowNs() - this.#forkedNs) / MS;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Every instance has ended, or the process. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get closed(): Promise<unknown> {
    return this.#link.closed;
  }

  /** Lets the agent load its actors as soon as it has said hello: forked early, it boots meanwhile. */
  load(): void {
    this.#mayLoad = true;
    if (this.#boot !== '') this.send(this.#load);
  }

  /** Settles when every instance is loaded and waits for the start instant; rejects when the agent cannot get there. */
  async ready(): Promise<void> {
    const instances = this.actors.reduce((sum, actor) => sum + actor.instances, 0);
    const deadlineMs = BOOT_DEADLINE_MS + INSTANCE_DEADLINE_MS * instances;
    const timer = setInterval(() => {
      if (this.#isPreparing) return;
      this.#ready.reject(
        new BruntError({
          code: 'E_AGENT_START',
          message: `agent ${this.name} was not ready after ${deadlineMs / 1000} s`,
          place: { path: `agent ${this.name}` },
        }),
      );
    }, deadlineMs);
    try {
      await this.#ready.promise;
    } finally {
      clearInterval(timer);
    }
  }

  /** A simulator is at work already, on a target as large as it was asked for: the agent tells should it fall silent. */
  get #isPreparing(): boolean {
    return [...this.#doing.values()].some((method) => method === 'prepare' || method === 'start');
  }

  /** How long a message and its answer take at this moment, in ms; NaN when the agent is gone. */
  async roundTripMs(): Promise<number> {
    const sentNs = nowNs();
    const echo = this.#echoes.length;
    const answered = deferred();
    this.#echoes.push(() => answered.resolve());
    this.send({ type: 'beat', echo });
    const isAnswered = await Promise.race([answered.promise.then(() => true), this.idle.then(() => false)]);
    return isAnswered ? (nowNs() - sentNs) / MS : NaN;
  }

  send(body: ToAgent): void {
    if (this.#link.isOpen) this.#link.send(body);
  }

  stop(rung: 'ask' | 'release' | 'terminate'): void {
    if (this.#boot === '') return this.kill(); // it still boots: there is nothing to give back
    if (!this.#mayLoad) return this.#becomeIdle(); // it was never told to load: no instance will ever end
    this.send({ type: 'stop', rung });
  }

  kill(): void {
    this.#isExpectedToEnd = true;
    this.#link.kill();
  }

  /** Tells an idle agent to end, and makes sure that it does. */
  async exit(deadlineMs: number): Promise<void> {
    this.#isExpectedToEnd = true;
    this.send({ type: 'exit' });
    const timer = setTimeout(() => this.#link.kill(), deadlineMs);
    await this.#link.closed;
    clearTimeout(timer);
  }

  #onMessage(body: FromAgent, boot: string): void {
    if (body.type === 'hello') {
      this.#boot = boot;
      if (this.#mayLoad) this.send(this.#load);
    }
    if (body.type === 'beat') {
      if (body.echo !== undefined) this.#echoes[body.echo]?.();
      for (const { actor, instance, method } of body.doing ?? []) {
        this.#doing.set(`${actor}/${instance}`, method);
      }
    }
    if (body.type === 'ready') {
      this.#isReady = true;
      this.#ready.resolve();
    }
    this.#callbacks.message(this, body);
    // A place that is kept is told once more when it is given up.
    if (body.type === 'ended' && body.isHeld !== true) this.#onEnded(body.actor, body.instance, body.outcome);
  }

  #onEnded(actor: string, instance: number, outcome: InstanceOutcome): void {
    this.#running.get(actor)?.delete(instance);
    if (!this.#isReady && outcome.kind !== 'done') {
      this.#ready.reject(new Error(`an instance of ${actor} ended while starting`));
    }
    if ([...this.#running.values()].every((left) => left.size === 0)) this.#becomeIdle();
  }

  #onClosed(code: number | null, signal: string | null): void {
    const cause = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    const running = [...this.#running].flatMap(([actor, left]) =>
      [...left].map((instance) => {
        const method = this.#doing.get(`${actor}/${instance}`) ?? null;
        return { actor, instance, method };
      }),
    );
    this.#running.clear();
    if (!this.#isExpectedToEnd) this.#callbacks.lost(this, cause, running);
    this.#ready.reject(
      new BruntError({
        code: 'E_AGENT_START',
        message: `agent ${this.name} ended while starting (${cause})`,
        place: { path: `agent ${this.name}` },
      }),
    );
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#isIdle = true;
    this.#idle.resolve();
  }
}
