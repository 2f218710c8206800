/**
 * Cycles: phases in a row that are gone through round by round. The draft enters, sound cycles leave; what of them and
 * of their phases contradicts itself goes to the problems. `load.ts` calls it.
 */
import { parseUntil } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import type { Path } from './document.js';
import type { Draft, DraftCycle, DraftPhase } from './draft.js';
import { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ScenarioCycle, ScenarioUntil } from './scenario.js';

export function resolveCycles(draft: Draft, problems: Problems): ScenarioCycle[] {
  const names = new Names(draft, problems);
  // A phase that was cut out for a mistake may be the one.
  const areAllThere = !problems.touches(['phases']);
  checkPhases(draft, problems);
  return Object.entries(draft.cycles ?? {}).flatMap(([name, cycle]): ScenarioCycle[] => {
    if (cycle?.rounds === undefined) return [];
    const path: Path = ['cycles', name];
    const own = phasesOf(draft, name);
    if (own.length === 0 && areAllThere) {
      const message = 'no phase is of this cycle';
      const hint = `Write "cycle": "${name}" in its phases.`;
      problems.add({ path, at: 'key', code: 'E_NAME', message, seen: name, hint });
    }
    const until = untilOf(cycle, path, own, names, problems);
    return [{ name, rounds: cycle.rounds, until, otherwise: cycle.otherwise ?? 'fail' }];
  });
}

function phasesOf({ phases = [] }: Draft, cycle: string): DraftPhase[] {
  return phases.flatMap((phase) => (phase?.cycle === cycle ? [phase] : []));
}

/** Each is of a cycle that is there, stands beside the others of it, and has no rounds of its own. */
function checkPhases({ phases = [], cycles = {} }: Draft, problems: Problems): void {
  const over = new Set<string>();
  let current: string | undefined;
  for (const [index, phase] of phases.entries()) {
    if (current !== undefined && phase?.cycle !== current) over.add(current);
    current = phase?.cycle;
    if (phase === undefined || current === undefined) continue;
    const path: Path = ['phases', index];
    const say = (key: string, message: string, hint?: string): void =>
      problems.add({
        path: [...path, key],
        at: key === 'cycle' ? 'value' : 'key',
        code: key === 'cycle' ? 'E_NAME' : 'E_SCHEMA',
        message,
        ...(key === 'cycle' && { seen: phase.cycle }),
        ...(hint !== undefined && { hint }),
      });
    if (!Object.hasOwn(cycles, current)) {
      if (!problems.touches(['cycles']))
        say('cycle', `no cycle "${current}"`, suggestion(current, Object.keys(cycles)));
      continue;
    }
    if (over.has(current)) say('cycle', `the phases of the cycle "${current}" do not stand in a row`);
    if (phase.repeat !== undefined) say('repeat', 'its rounds are those of its cycle');
    const own = Object.values(phase.load ?? {}).find(
      (one) => one?.shape === 'sweep' || one?.shape === 'search',
    );
    if (own?.shape !== undefined)
      say('load', `a ${own.shape} has rounds of its own, and a phase of a cycle those of that`);
  }
}

/** Figures of the cycle's phases, each compared with itself from round to round. */
function untilOf(
  { until = [], otherwise }: DraftCycle,
  cyclePath: Path,
  own: readonly DraftPhase[],
  names: Names,
  problems: Problems,
): ScenarioUntil[] {
  const path: Path = [...cyclePath, 'until'];
  const texts = typeof until === 'string' ? [until] : until;
  if (texts.length === 0 && otherwise !== undefined) {
    const message = '"otherwise" says what follows when nothing became steady, and there is no "until"';
    problems.add({ path: [...cyclePath, 'otherwise'], at: 'key', code: 'E_SCHEMA', message });
  }
  return texts.flatMap((text, index): ScenarioUntil[] => {
    const where: Path = typeof until === 'string' ? path : [...path, index];
    if (text === undefined || problems.touches(where)) return [];
    const sentence = parseUntil(text);
    const say = (message: string, hint: string): ScenarioUntil[] => {
      problems.add({ path: where, code: 'E_SCHEMA', message, seen: text, hint });
      return [];
    };
    if (sentence.kind !== 'steady')
      return say(
        'a cycle ends when figures of its rounds are steady',
        'Such as "steady rate op.count{phase:NAME}".',
      );
    names.check(sentence.selector, { text, path: where }, false);
    const phases = sentence.selector.tags['phase'] ?? [];
    if (phases.length !== 1 || !own.some(({ name }) => name === phases[0]))
      return say(
        'what is compared from round to round is a figure of one of the phases of the cycle',
        `Name it: "{phase:${own[0]?.name ?? 'NAME'}}".`,
      );
    return [{ sentence, text, otherwise: otherwise ?? 'fail', path: where }];
  });
}
