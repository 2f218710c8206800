/**
 * What multiplies each actor's level: the gate's factor and the person's. One place composes them, so that a
 * person who turns the load up never overrules the gate.
 */
import type { SafetyState } from '../base/sentences.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import { SCALE_OF } from '../safety/gate.js';
import { SENSORS } from '../safety/sensor-table.js';

export class ScaleBoard {
  readonly #plan: Plan;
  readonly #send: (actor: string, scale: number) => void;
  readonly #states = new Map<string, SafetyState>();
  readonly #sent = new Map<string, number>();
  #person = 1;
  #isPaused = false;

  constructor(plan: Plan, send: (actor: string, scale: number) => void) {
    this.#plan = plan;
    this.#send = send;
  }

  /** The state of one limit turns down the actors that endanger its sensor. */
  setLimit(sensor: string, state: SafetyState): void {
    this.#states.set(sensor, state);
    this.#update();
  }

  /** Each answers with the person's factor as it is now. */
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

  /** To an actor that has forgotten what was sent. */
  resend(actor: string): void {
    this.#send(actor, this.#sent.get(actor) ?? 1);
  }

  #update(): number {
    const person = this.#isPaused ? 0 : this.#person;
    for (const actor of this.#plan.actors) {
      const scale = person * this.#gateScale(actor);
      if ((this.#sent.get(actor.name) ?? 1) === scale) continue;
      this.#sent.set(actor.name, scale);
      this.#send(actor.name, scale);
    }
    return person;
  }

  #gateScale(actor: PlannedActor): number {
    const factors = [...this.#states].map(([sensor, state]) =>
      endangers(this.#plan, actor, sensor) ? SCALE_OF[state] : 1,
    );
    return Math.min(1, ...factors);
  }
}

/** Whoever takes what the sensor watches; where nobody does, everybody. */
function endangers(plan: Plan, actor: PlannedActor, sensor: string): boolean {
  const takes = SENSORS[sensor]?.takes ?? null;
  const isTaken = takes !== null && plan.actors.some((other) => other.takes === takes);
  return !isTaken || actor.takes === takes;
}
