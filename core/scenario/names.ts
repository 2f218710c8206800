/**
 * The names in selectors: actors, phases and probes that a threshold, an `until` or a `ready` is about must be there.
 * Whether the metric exists is the plan's to say, which knows the catalogue.
 */
import type { Assertion, Selector } from '../base/sentences.js';
import { suggestion } from '../base/suggest.js';
import type { Path } from './document.js';
import type { Draft, DraftPhase } from './draft.js';
import type { Problems } from './problems.js';

/** Where a sentence stands that names something. */
export interface Named {
  readonly text: string;
  readonly path: Path;
  readonly at?: 'key';
}

export class Names {
  readonly #draft: Draft;
  readonly #problems: Problems;
  readonly #phases: readonly { readonly name: string; readonly measure: boolean; readonly repeat: number }[];
  /** A phase whose name is wrong may be the one that is meant. */
  readonly #isSure: boolean;

  constructor(draft: Draft, problems: Problems) {
    this.#draft = draft;
    this.#problems = problems;
    this.#phases = (draft.phases ?? []).flatMap((phase) =>
      phase?.name === undefined
        ? []
        : [{ name: phase.name, measure: phase.measure !== false, repeat: roundsOf(phase, draft) }],
    );
    this.#isSure = !problems.touches(['phases']) || this.#phases.length === draft.phases?.length;
  }

  get phases(): readonly string[] {
    return this.#phases.map(({ name }) => name);
  }

  /** `mustBeMeasured`: where something is judged. */
  check({ tags }: Selector, where: Named, mustBeMeasured: boolean): void {
    this.#checkMap('actor', tags['actor'], this.#draft.actors, where);
    this.#checkMap('probe', tags['probe'], this.#draft.probes ?? {}, where);
    for (const name of tags['phase'] ?? []) {
      if (name === '*') continue;
      const phase = this.#phases.find((p) => p.name === name);
      if (phase === undefined) this.#unknownPhase(name, where, columnOf(where.text, 'phase', name));
      else if (mustBeMeasured && !phase.measure) {
        const message = `phase "${name}" has "measure": false, so nothing is judged there`;
        const hint = 'Choose another phase, or measure this one.';
        this.#say(where, columnOf(where.text, 'phase', name), name, message, hint);
      }
    }
    this.#checkRounds(tags['round'] ?? [], tags['phase'], where);
  }

  /** The phase that a bound is taken from. */
  checkOperand({ operand }: Assertion, where: Named): void {
    if (operand.kind !== 'phase' || this.phases.includes(operand.phase)) return;
    this.#unknownPhase(operand.phase, where, where.text.lastIndexOf(operand.phase));
  }

  #checkMap(
    kind: 'actor' | 'probe',
    names: readonly string[] | undefined,
    declared: Readonly<Record<string, unknown>> | undefined,
    where: Named,
  ): void {
    // Where the map itself is wrong, what is in it cannot be known.
    if (declared === undefined || (this.#problems.touches([`${kind}s`]) && isEmpty(declared))) return;
    const known = Object.keys(declared);
    for (const name of names ?? []) {
      if (name === '*' || known.includes(name) || this.#problems.within([`${kind}s`, name])) continue;
      const message = `no ${kind} "${name}"`;
      this.#say(where, columnOf(where.text, kind, name), name, message, suggestion(name, known));
    }
  }

  #checkRounds(rounds: readonly string[], phases: readonly string[] | undefined, where: Named): void {
    if (!this.#isSure) return;
    const meant = this.#phases.filter(({ name }) => phases?.includes(name) ?? true);
    const most = Math.max(1, ...meant.map(({ repeat }) => repeat));
    for (const round of rounds) {
      const number = /^\d{1,6}$/.test(round) ? Number(round) : 0;
      if (number >= 1 && number <= most) continue;
      const message = `no round "${round}"`;
      const hint = most === 1 ? 'The phase is not repeated.' : `Rounds go from 1 to ${most}.`;
      this.#say(where, columnOf(where.text, 'round', round), round, message, hint);
    }
  }

  #unknownPhase(name: string, where: Named, column: number): void {
    if (!this.#isSure) return;
    this.#say(where, column, name, `no phase "${name}"`, suggestion(name, this.phases));
  }

  #say(where: Named, column: number, seen: string, message: string, hint: string): void {
    const { path, at } = where;
    this.#problems.add({
      path,
      ...(at !== undefined && { at }),
      column: Math.max(0, column),
      code: 'E_NAME',
      message,
      seen,
      hint,
    });
  }
}

/** A sweep has one for each level with each number of instances, a cycle says how many. */
function roundsOf({ load = {}, repeat = 1, cycle }: DraftPhase, { cycles = {} }: Draft): number {
  if (cycle !== undefined) return cycles[cycle]?.rounds ?? 1;
  const sweep = Object.values(load).find((one) => one?.shape === 'sweep');
  return sweep?.levels === undefined ? repeat : sweep.levels.length * (sweep.instances?.length ?? 1);
}

const isEmpty = (value: Readonly<Record<string, unknown>>): boolean => Object.keys(value).length === 0;

/** Where the value of a tag stands in a selector's text. */
function columnOf(text: string, tag: string, value: string): number {
  const tagAt = text.search(new RegExp(`[{,]\\s*${tag}\\s*:`));
  return text.indexOf(value, Math.max(0, tagAt));
}
