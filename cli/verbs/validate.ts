/**
 * `brunt validate FILE...`: whether scenarios say something that brunt understands. Everything wrong in every file is
 * told at once. A plugin's path is checked against the plugin contract. What is only wrong with this host is a doubt:
 * told, and an error with --strict.
 */
import type { BruntError } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT, worstExit } from '../../core/base/exit-codes.js';
import { findingsIn, isPluginPath } from '../check-plugin.js';
import { expectedErrors, jsonErrors, renderErrors } from '../errors.js';
import { BruntErrors } from '../../core/base/errors.js';
import { prepare, readSource } from '../prepare.js';
import type { SaidFlags } from '../said.js';
import { planFlags } from '../said.js';
import { putJson, say } from '../screen.js';

export interface ValidateFlags extends SaidFlags {
  readonly json?: boolean;
  readonly strict?: boolean;
}

export async function validateVerb(files: readonly string[], flags: ValidateFlags): Promise<ExitCode> {
  const found: BruntError[] = [];
  for (const file of files) found.push(...(await mistakesIn(file, flags)));
  const isDoubt = (error: BruntError): boolean => error.exitCode === EXIT.cannotStart;
  const doubts = flags.strict === true ? [] : found.filter(isDoubt);
  const errors = found.filter((error) => !doubts.includes(error));
  if (flags.json === true) {
    const json = (some: BruntError[]) => jsonErrors(new BruntErrors(some));
    putJson({ ok: errors.length === 0, errors: json(errors), doubts: json(doubts) });
  }
  if (errors.length > 0) say(renderErrors(errors));
  if (doubts.length > 0) say(`valid, but not startable here as it is:\n${renderErrors(doubts)}`);
  if (errors.length === 0) say(`${files.length} ${files.length === 1 ? 'file' : 'files'} valid`);
  return worstExit(errors.map((error) => error.exitCode));
}

async function mistakesIn(file: string, flags: ValidateFlags): Promise<readonly BruntError[]> {
  if (isPluginPath(file)) return findingsIn(file, flags.profile);
  const said = await planFlags(flags);
  try {
    return (await prepare(await readSource(file), said)).refusals;
  } catch (thrown) {
    const errors = expectedErrors(thrown);
    if (errors === null) throw thrown;
    return errors;
  }
}
