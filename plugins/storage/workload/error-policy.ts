/**
 * What failed operations lead to: each is counted; whether the actor goes on is the scenario's choice. Called by `work.ts`.
 */
import type { WorkloadOptions } from './options.js';

const SECOND_NS = 1e9;

type Policy = Pick<WorkloadOptions, 'onError' | 'errorsMax' | 'errorsPerSecondMax'>;

export class ErrorPolicy {
  readonly #options: Policy;
  #count = 0;
  /** Of the last second, from `#fromNs` on. */
  #recent = 0;
  #fromNs = -Infinity;

  constructor(options: Policy) {
    this.#options = options;
  }

  /** The error that fails the actor; null while it may go on. A linked sync that was cancelled is no failure of its own. */
  failed(what: string, code: string, atNs: number): Error | null {
    if (code === 'ECANCELED') return null;
    const { onError, errorsMax = Infinity, errorsPerSecondMax = Infinity } = this.#options;
    this.#count++;
    if (atNs - this.#fromNs >= SECOND_NS) [this.#fromNs, this.#recent] = [atNs, 0];
    this.#recent++;
    const failed = `${what} failed: ${code}`;
    if (onError === 'stop') return new Error(`${failed} ("onError" is "stop")`);
    if (this.#count > errorsMax)
      return new Error(`${failed}, the ${this.#count}th, and "errorsMax" is ${errorsMax}`);
    if (this.#recent > errorsPerSecondMax)
      return new Error(
        `${failed}, the ${this.#recent}th in one second, and "errorsPerSecondMax" is ${errorsPerSecondMax}`,
      );
    return null;
  }
}
