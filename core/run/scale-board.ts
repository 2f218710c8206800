/**
 * What multiplies each actor's level: the gate's factor and the person's. One place composes them, so that a
 * person who turns the load up never overrules the gate.
 */
import type { SafetyState } from '../base/sentences.js';
import type { Plan } from '../contract/plan.js';
import type { Resource } from '../contract/plugin.js';

const GATE_SCALE: Record<SafetyState, number> = {
  ok: 1,
  warn: 1,
  throttle: 0.5,
  pause: 0,
  stop: 0,
  kill: 0,
};

export class ScaleBoard {
  readonly #plan: Plan;
  readonly #send: (actor: string, scale: number) => void;
  readonly #gate = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  #person = 1;
  #isPaused = false;

  constructor(plan: Plan, send: (actor: string, scale: number) => void) {
    this.#plan = plan;
    this.#send = send;
  }

  /** The gate's state turns down the actors that endanger the sensor whose limit acted. */
  setGate(state: SafetyState, sensor: string): void {
    const endangering = endangeringActors(this.#plan, sensor);
    for (const actor of this.#plan.actors) {
      this.#gate.set(actor.name, endangering.includes(actor.name) ? GATE_SCALE[state] : 1);
    }
    this.#update();
  }

  setPerson(factor: number): number {
    this.#person = Math.min(1, Math.max(0, factor));
    return this.#update();
  }

  pause(): number {
    this.#isPaused = true;
    return this.#update();
  }

  resume(): number {
    this.#isPaused = false;
    return this.#update();
  }

  /** Sends what has changed; the person's part is the answer. */
  #update(): number {
    const person = this.#isPaused ? 0 : this.#person;
    for (const { name } of this.#plan.actors) {
      const scale = person * (this.#gate.get(name) ?? 1);
      if (this.#sent.get(name) === scale) continue;
      this.#sent.set(name, scale);
      this.#send(name, scale);
    }
    return person;
  }
}

const RESOURCE_OF: readonly (readonly [prefix: string, resource: Resource])[] = [
  ['host.memory.', 'memory'],
  ['host.swap.', 'memory'],
  ['host.open-files', 'openFiles'],
  ['host.disk.', 'disk'],
  ['host.tasks', 'pids'],
];

/** Those that take what the sensor watches; all of them where that says nothing. */
export function endangeringActors(plan: Plan, sensor: string): readonly string[] {
  const resource = RESOURCE_OF.find(([prefix]) => sensor.startsWith(prefix))?.[1];
  const takers = plan.actors.filter((actor) => resource !== undefined && actor.takes === resource);
  return (takers.length > 0 ? takers : plan.actors).map((actor) => actor.name);
}
