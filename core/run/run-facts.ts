/**
 * What the events of a run say about how it went. Fed live, or from the record of a run that did not end itself:
 * the summary is made from the same facts either way.
 */
import type { ExitCode } from '../base/exit-codes.js';
import { EXIT } from '../base/exit-codes.js';
import type { SafetyState } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import { dimensionOfUnit, formatQuantity } from '../base/units.js';
import type { RunEvent, StopCause, Unleased } from '../contract/events.js';
import type { SearchStep, SearchSummary } from '../contract/search.js';

const STOP_EXITS: Partial<Record<StopCause, ExitCode>> = {
  safety: EXIT.safety,
  actor: EXIT.actor,
  signal: EXIT.interrupted,
  person: EXIT.interrupted,
  'cannot-start': EXIT.cannotStart,
  internal: EXIT.internal,
  'max-duration': EXIT.safety,
  threshold: EXIT.threshold,
  target: EXIT.actor,
};

export class RunFacts {
  startedAt: string | null = null;
  stopCause: StopCause | null = null;
  hasEnded = false;
  lastMs = 0;
  worst: SafetyState = 'ok';
  actions = 0;
  exporterFailed = false;
  readonly exits = new Set<ExitCode>();
  readonly reasons: string[] = [];
  readonly failures = new Map<string, string[]>();
  /** Why each actor was started again, by actor. */
  readonly restarts = new Map<string, string[]>();
  readonly phaseTookMs = new Map<number, number>();
  readonly notes: string[] = [];
  /** What was taken without a lease, a sentence each. */
  readonly unleased: string[] = [];

  /** By phase. */
  readonly #steps = new Map<number, SearchStep[]>();
  readonly #searches = new Map<number, Omit<SearchSummary, 'steps'>>();

  get searches(): SearchSummary[] {
    return [...this.#searches].map(([phase, search]) => ({ ...search, steps: this.#steps.get(phase) ?? [] }));
  }

  add(event: RunEvent): void {
    this.lastMs = Math.max(this.lastMs, event.atMs);
    switch (event.type) {
      case 'run.started':
        this.startedAt = event.startedAt;
        break;
      case 'run.stopping':
        this.#stopping(event.cause, event.reason);
        break;
      case 'run.ended':
        this.hasEnded = true;
        break;
      case 'phase.ended':
        this.phaseTookMs.set(event.phaseIndex, event.tookMs);
        break;
      case 'phase.reached':
        this.notes.push(event.text);
        break;
      case 'phase.missed':
        this.#missed(event);
        break;
      case 'search.step': {
        const { amount, holds, isSure, judgedMs, reached, figures } = event;
        const step = { amount, holds, isSure, judgedMs, reached, figures };
        this.#steps.set(event.phaseIndex, [...(this.#steps.get(event.phaseIndex) ?? []), step]);
        break;
      }
      case 'search.ended':
        this.#searched(event);
        break;
      case 'actor.failed':
        this.#failed(event);
        break;
      case 'actor.restarted':
        this.restarts.set(event.actor, [...(this.restarts.get(event.actor) ?? []), event.reason]);
        break;
      case 'actor.unleased':
        this.unleased.push(describeUnleased(event));
        break;
      case 'safety.action':
        this.#acted(event);
        break;
      case 'exporter.failed':
        this.exits.add(EXIT.lostData);
        this.reasons.push(`exporter ${event.exporter}: ${event.reason}`);
        break;
      case 'note':
        this.notes.push(event.message);
        break;
      default:
    }
  }

  #stopping(cause: StopCause, reason: string): void {
    this.stopCause = cause;
    const exit = STOP_EXITS[cause];
    if (exit === undefined) return;
    this.exits.add(cause === 'signal' && reason.includes('SIGTERM') ? EXIT.terminated : exit);
    this.reasons.push(reason);
  }

  #missed({ phase, until, otherwise }: RunEvent & { type: 'phase.missed' }): void {
    const text = `${phase} ran its whole time without: ${until}`;
    if (otherwise === 'continue') {
      this.notes.push(text);
      return;
    }
    this.exits.add(EXIT.threshold);
    this.reasons.push(text);
  }

  /** What a run that was stopped did not come to is not missed. */
  #searched(event: RunEvent & { type: 'search.ended' }): void {
    const { phase, round, actor, unit, conditions, outcome, knee, broke, resolution, text } = event;
    const { phaseIndex, otherwise } = event;
    const search = { phase, actor, unit, conditions, outcome, knee, broke, resolution, text };
    this.#searches.set(phaseIndex, { ...search, ...(round !== undefined && { round }) });
    const isMissed = outcome === 'none' || outcome === 'unfinished';
    const isWhole = this.stopCause === null || this.stopCause === 'completed';
    if (!isMissed || !isWhole || otherwise === 'continue') return;
    this.exits.add(EXIT.threshold);
    this.reasons.push(text);
  }

  #failed(event: RunEvent & { type: 'actor.failed' }): void {
    const isUnavailable = event.code === 'E_UNAVAILABLE';
    this.exits.add(isUnavailable ? EXIT.cannotStart : EXIT.actor);
    const instance = event.instance === null ? '' : `[${event.instance}]`;
    const method = event.method === null ? '' : ` in ${event.method}`;
    const simulator = event.plugin === undefined ? event.simulator : `${event.plugin}/${event.simulator}`;
    const text = `${event.actor}${instance} (${simulator})${method}: ${event.reason}`;
    this.reasons.push(text);
    const list = this.failures.get(event.actor);
    if (list === undefined) this.failures.set(event.actor, [text]);
    else list.push(text);
  }

  #acted(event: RunEvent & { type: 'safety.action' }): void {
    this.actions++;
    if (SAFETY_STATES.indexOf(event.to) > SAFETY_STATES.indexOf(this.worst)) this.worst = event.to;
  }
}

/** "hog: memory grew by 300 MiB, 64 MiB of it by lease and 96 MiB allowed". */
export function describeUnleased({ actors, resource, grown, leased, allowance }: Unleased): string {
  const [what, dimension] =
    resource === 'memory' ? (['memory', 'bytes'] as const) : (['open files', 'count'] as const);
  const text = (amount: number): string => formatQuantity(amount, dimension);
  return `${actors.join(', ')}: ${what} grew by ${text(grown)}, ${text(leased)} of it by lease and ${text(allowance)} allowed`;
}

/** "host.memory.available 2.1 GiB, limit 2.4 GiB (profile): stop". */
export function describeAction(event: RunEvent & { type: 'safety.action' }): string {
  const dimension = dimensionOfUnit(event.unit) ?? 'count';
  const value = formatQuantity(event.value, dimension);
  const bound = formatQuantity(event.bound, dimension);
  return `${event.limit} at ${value}, ${event.to} limit ${bound} (${event.source}): ${event.effect}`;
}
