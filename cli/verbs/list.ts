/** `brunt list [KIND]`: the names of what there is, each with one sentence. */
import { BruntError } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { suggestion } from '../../core/base/suggest.js';
import { table } from '../columns.js';
import { readInventory } from '../inventory.js';
import { putJson, say } from '../screen.js';
import { KINDS } from '../table.js';
import { runsVerb } from './runs.js';

export async function listVerb(kind: string, flags: { readonly json?: boolean }): Promise<ExitCode> {
  if (kind === 'runs') return runsVerb('list', [], flags);
  if (kind !== '' && !KINDS.includes(kind)) {
    const hint = suggestion(kind, KINDS);
    throw new BruntError({ code: 'E_USAGE', message: `there is no list of "${kind}"`, hint });
  }
  const all = Object.entries(await readInventory()).map(
    ([name, entries]: [string, readonly { readonly name: string; readonly description: string }[]]) =>
      [name, entries.map((entry) => ({ name: entry.name, description: entry.description }))] as const,
  );
  const wanted = all.filter(([name]) => kind === '' || name === kind);
  if (flags.json === true) putJson(Object.fromEntries(wanted));
  else say(wanted.map(([name, entries]) => [name, ...rows(entries)].join('\n')).join('\n\n'));
  return EXIT.passed;
}

function rows(entries: readonly { readonly name: string; readonly description: string }[]): string[] {
  return table(entries.map(({ name, description }) => [name, description]));
}
