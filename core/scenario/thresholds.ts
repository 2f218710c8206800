/**
 * Thresholds with their selectors parsed and the names in them checked. Whether the metric exists and the unit fits
 * is the plan's to say, which knows the catalogue.
 */
import { parseAssertion, parseSelector } from '../base/grammar.js';
import type { Selector } from '../base/sentences.js';
import { suggestion } from '../base/suggest.js';
import type { Path } from './document.js';
import type { Draft } from './draft.js';
import type { Problems } from './problems.js';
import { parsed } from './problems.js';
import type { ScenarioThreshold } from './scenario.js';

export function resolveThresholds(draft: Draft, problems: Problems): ScenarioThreshold[] {
  return Object.entries(draft.thresholds ?? {}).flatMap(([key, list]) => {
    const keyPath: Path = ['thresholds', key];
    const selector = parsed(problems, { path: keyPath, at: 'key' }, 'a selector', key, parseSelector);
    if (selector === null) return [];
    checkNames(selector, key, draft, problems);
    return (list ?? []).flatMap((entry, index) => {
      if (entry?.assert === undefined) return [];
      const path = [...keyPath, index, 'assert'];
      const assertion = parseAssertion(entry.assert);
      const { operand } = assertion;
      if (operand.kind === 'phase' || operand.kind === 'baseline') {
        const text = operand.kind === 'phase' ? 'phase(…)' : 'baseline';
        const column = entry.assert.indexOf(operand.kind);
        const message = `not in this version: "${text}" in a threshold`;
        problems.add({ path, column, code: 'E_NOT_YET', message, hint: 'Write the amount itself.' });
        return [];
      }
      return [{ selector, assertion, severity: entry.severity ?? 'fail', path, keyPath }];
    });
  });
}

function checkNames({ tags }: Selector, key: string, draft: Draft, problems: Problems): void {
  const say = (
    tag: string,
    value: string,
    code: 'E_NAME' | 'E_NOT_YET',
    message: string,
    hint?: string,
  ): void =>
    problems.add({
      path: ['thresholds', key],
      at: 'key',
      column: columnOf(key, tag, value),
      code,
      message,
      seen: value,
      ...(hint !== undefined && { hint }),
    });
  const actors = Object.keys(draft.actors ?? {});
  for (const actor of tags['actor'] ?? []) {
    if (draft.actors === undefined || actors.includes(actor)) continue;
    say('actor', actor, 'E_NAME', `no actor "${actor}"`, suggestion(actor, actors));
  }
  const phases = (draft.phases ?? []).flatMap((phase) => phase ?? []);
  const names = phases.flatMap(({ name }) => name ?? []);
  // A phase whose name is wrong may be the one that is meant here.
  const isSure = !problems.touches(['phases']) || names.length === draft.phases?.length;
  for (const value of tags['phase'] ?? []) {
    if (!names.includes(value)) {
      if (isSure) say('phase', value, 'E_NAME', `no phase "${value}"`, suggestion(value, names));
    } else if (phases.some(({ name, measure }) => name === value && measure === false)) {
      const message = `phase "${value}" has "measure": false, so nothing is judged there`;
      say('phase', value, 'E_NAME', message, 'Choose another phase, or measure this one.');
    }
  }
  // Where probes are declared, that is told already.
  if (problems.touches(['probes'])) return;
  for (const probe of tags['probe'] ?? []) say('probe', probe, 'E_NOT_YET', 'not in this version: probes');
}

/** Where the value of a tag stands in a selector's text. */
function columnOf(text: string, tag: string, value: string): number {
  const tagAt = text.search(new RegExp(`[{,]\\s*${tag}\\s*:`));
  return Math.max(0, text.indexOf(value, tagAt));
}
