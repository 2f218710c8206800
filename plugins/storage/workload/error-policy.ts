/**
 * What failed operations lead to: each is counted; whether the actor goes on is the scenario's choice, by options that
 * every storage simulator has. Called by `work.ts` and by `files`.
 */
const SECOND_NS = 1e9;

export const ERROR_OPTIONS = {
  onError: {
    type: 'string',
    enum: ['stop', 'continue'],
    default: 'stop',
    description: 'After a failed operation. Each is counted by operation and error either way.',
  },
  errorsMax: { type: 'integer', minimum: 1, description: 'continue: more fail the actor.' },
  errorsPerSecondMax: {
    type: 'integer',
    minimum: 1,
    description: 'continue: more in one second fail the actor.',
  },
} as const;

interface Policy {
  readonly onError: 'stop' | 'continue';
  readonly errorsMax?: number | undefined;
  readonly errorsPerSecondMax?: number | undefined;
}

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
