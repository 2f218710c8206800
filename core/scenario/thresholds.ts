/**
 * Thresholds with their selectors parsed and the names in them checked. Whether the metric exists and the unit fits
 * is the plan's to say, which knows the catalogue.
 */
import { parseAssertion, parseDuration, parseSelector, selectorText } from '../base/grammar.js';
import type { Path } from './document.js';
import type { Draft, DraftThreshold } from './draft.js';
import { Names } from './names.js';
import type { Problems } from './problems.js';
import { parsed } from './problems.js';
import type { ScenarioThreshold } from './scenario.js';

export function resolveThresholds(draft: Draft, windowMs: number, problems: Problems): ScenarioThreshold[] {
  const names = new Names(draft, problems);
  const spellings = new Map<string, string>();
  return Object.entries(draft.thresholds ?? {}).flatMap(([key, list]) => {
    const keyPath: Path = ['thresholds', key];
    const selector = parsed(problems, { path: keyPath, at: 'key' }, 'a selector', key, parseSelector);
    if (selector === null) return [];
    const first = spellings.get(selectorText(selector));
    if (first !== undefined) {
      const message = `"${first}" selects the same`;
      const hint = 'Write both assertions as one list.';
      problems.add({ path: keyPath, at: 'key', code: 'E_DUPLICATE_KEY', message, seen: key, hint });
      return [];
    }
    spellings.set(selectorText(selector), key);
    names.check(selector, { text: key, path: keyPath, at: 'key' }, true);
    return (list ?? []).flatMap((entry, index) => {
      if (entry?.assert === undefined) return [];
      const path = [...keyPath, index];
      const assertion = parseAssertion(entry.assert);
      if (assertion.operand.kind === 'baseline') {
        const column = entry.assert.indexOf('baseline');
        const message = 'not in this version: "baseline" in a threshold';
        const hint = 'Compare with another phase, "phase(name)", or write the amount itself.';
        problems.add({ path: [...path, 'assert'], column, code: 'E_NOT_YET', message, hint });
        return [];
      }
      names.checkOperand(assertion, { text: entry.assert, path: [...path, 'assert'] });
      const rest = detailsOf(entry, path, windowMs, problems);
      return [{ selector, assertion, ...rest, path: [...path, 'assert'], keyPath }];
    });
  });
}

type Details = Pick<ScenarioThreshold, 'severity' | 'windowMs' | 'abort' | 'afterMs' | 'reason'>;

function detailsOf(entry: DraftThreshold, path: Path, closedMs: number, problems: Problems): Details {
  const { severity = 'fail', abort = false, reason = null, window, after } = entry;
  const windowMs = window === undefined ? null : parseDuration(window);
  if (windowMs !== null && (windowMs <= 0 || !isMultiple(windowMs, closedMs))) {
    const message = `"${String(window)}" is not a multiple of the window, which is ${closedMs}ms`;
    problems.add({ path: [...path, 'window'], code: 'E_SCHEMA', message, seen: window });
  }
  if (after !== undefined && !abort) {
    const message = '"after" says when a threshold may abort the run, and this one does not';
    const hint = 'Add "abort": true, or leave "after" out.';
    problems.add({ path: [...path, 'after'], at: 'key', code: 'E_SCHEMA', message, hint });
  }
  const afterMs = after === undefined ? null : parseDuration(after);
  return { severity, abort, reason, windowMs, afterMs };
}

/** So many whole times, at least once. */
export function isMultiple(lengthMs: number, ofMs: number): boolean {
  const times = lengthMs / ofMs;
  return Math.abs(times - Math.round(times)) < 1e-9 && times >= 1 - 1e-9;
}
