/** The target of a scenario: what the draft says enters, absolute paths and a parsed condition leave. */
import { resolve } from 'node:path';
import { parseCondition } from '../base/grammar.js';
import type { Draft, DraftTarget } from './draft.js';
import { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ScenarioTarget } from './scenario.js';
import type { Sources } from './sources.js';

/** What says which target it is: one of them is needed, and no more. */
const WHICH = ['command', 'pid', 'pidFile'] as const;
const OF_COMMAND = ['cwd', 'env'] as const;

/** Null where there is none, or it is wrong. */
export function resolveTarget(draft: Draft, sources: Sources, problems: Problems): ScenarioTarget | null {
  const { target } = draft;
  if (target === undefined || !isOne(target, problems)) return null;
  const { command, pid, pidFile, cwd = '.', env = {} } = target;
  const ready = readyOf(target, draft, problems);
  const from = (key: 'cwd' | 'pidFile'): string =>
    sources.directoryOf(target[key] === undefined ? ['target'] : ['target', key]);
  if (pid !== undefined) return { pid, ready };
  if (pidFile !== undefined) return { pid: resolve(from('pidFile'), pidFile), ready };
  if (command === undefined || command.includes(undefined)) return null;
  return { command: command.flatMap((part) => part ?? []), cwd: resolve(from('cwd'), cwd), env, ready };
}

function isOne(target: DraftTarget, problems: Problems): boolean {
  const path = ['target'];
  const said = WHICH.filter((key) => key in target);
  if (said.length !== 1) {
    const message =
      said.length === 0
        ? 'a target is a "command", a "pid" or a "pidFile": one is missing'
        : `a target has one of ${WHICH.map((key) => `"${key}"`).join(', ')}, not ${said.length} of them`;
    problems.add({ path, code: 'E_SCHEMA', message });
    return false;
  }
  const beside = OF_COMMAND.find((key) => key in target);
  if (said[0] === 'command' || beside === undefined) return true;
  const message = `"${beside}" is for a target that is started by "command"`;
  problems.add({ path: [...path, beside], at: 'key', code: 'E_SCHEMA', message });
  return false;
}

function readyOf({ ready: text }: DraftTarget, draft: Draft, problems: Problems): ScenarioTarget['ready'] {
  const condition = text === undefined ? null : parseCondition(text);
  if (condition === null || text === undefined) return null;
  new Names(draft, problems).check(condition.selector, { text, path: ['target', 'ready'] }, false);
  return { selector: condition.selector, assertion: condition.assertion, text };
}
