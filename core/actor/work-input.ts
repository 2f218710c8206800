/** What every way of working is given by `work.ts`, and what it answers. */
import type { PlannedActor } from '../contract/plan.js';
import type { ActorInstance } from '../contract/plugin.js';
import type { InstanceContext } from './context.js';
import type { MethodMark } from './method-mark.js';

/** Why work is over without a failure: a stop, or the simulator said that it has nothing more to do. */
export type WorkEnd = 'stopped' | 'done';

/** Ends a loop from beside it, or from within one of its operations: the first cause is what is told. */
export class Halt {
  #cause: { readonly error: unknown } | null = null;

  get isSet(): boolean {
    return this.#cause !== null;
  }

  set(error: unknown): void {
    this.#cause ??= { error };
  }

  throwIfSet(): void {
    if (this.#cause !== null) throw this.#cause.error;
  }
}

export interface WorkInput {
  readonly actor: PlannedActor;
  readonly ctx: InstanceContext;
  readonly instance: ActorInstance;
  readonly mark: MethodMark;
  readonly halt: Halt;
}
