/**
 * What failed operations lead to: each is counted; whether the actor goes on is the scenario's choice. Called by `drive.ts`.
 */
import type { WorkloadOptions } from './options.js';

const SECOND_NS = 1e9;

export class ErrorPolicy {
  readonly #options: WorkloadOptions;
  #count = 0;
  /** Of the last second, from `#fromNs` on. */
  #recent = 0;
  #fromNs = -Infinity;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Throws when the actor may not go on. */
  failed(what: string, code: string, atNs: number): void {
    const { onError, errorsMax = Infinity, errorsPerSecondMax = Infinity } = this.#options;
    this.#count++;
    if (atNs - this.#fromNs >= SECOND_NS) [this.#fromNs, this.#recent] = [atNs, 0];
    this.#recent++;
    if (onError === 'stop') throw new Error(`${what} failed: ${code} ("onError" is "stop")`);
    if (this.#count > errorsMax)
      throw new Error(`${what} failed: ${code}, the ${this.#count}th, and "errorsMax" is ${errorsMax}`);
    if (this.#recent > errorsPerSecondMax)
      throw new Error(
        `${what} failed: ${code}, the ${this.#recent}th in one second, and "errorsPerSecondMax" is ${errorsPerSecondMax}`,
      );
  }
}
