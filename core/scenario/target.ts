/** The target of a scenario: what the draft says enters, an absolute folder and a parsed condition leave. */
import { resolve } from 'node:path';
import { parseCondition } from '../base/grammar.js';
import type { Draft } from './draft.js';
import { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ScenarioTarget } from './scenario.js';
import type { Sources } from './sources.js';

/** Null where there is none, or its command is wrong. */
export function resolveTarget(draft: Draft, sources: Sources, problems: Problems): ScenarioTarget | null {
  const { target } = draft;
  if (target?.command === undefined || target.command.includes(undefined)) return null;
  const path = ['target', 'ready'];
  const { ready: text, cwd = '.', env = {} } = target;
  const said = target.cwd === undefined ? ['target'] : ['target', 'cwd'];
  const condition = text === undefined ? null : parseCondition(text);
  if (condition !== null && text !== undefined) {
    const names = new Names(draft, problems);
    names.check(condition.selector, { text, path }, false);
  }
  return {
    command: target.command.flatMap((part) => part ?? []),
    cwd: resolve(sources.directoryOf(said), cwd),
    env,
    ready:
      condition === null || text === undefined
        ? null
        : { selector: condition.selector, assertion: condition.assertion, text },
  };
}
