/** `brunt plan FILE`: what would run here, drawn or as JSON, and why it may not. Starts nothing. */
import { BruntErrors } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { drawPlan } from '../../core/plan/draw.js';
import { PROFILE_DEFAULT, prepare, readSource } from '../prepare.js';
import type { SaidFlags } from '../said.js';
import { planFlags } from '../said.js';
import { putJson, say } from '../screen.js';

export interface PlanVerbFlags extends SaidFlags {
  readonly json?: boolean;
}

export async function planVerb(file: string, flags: PlanVerbFlags): Promise<ExitCode> {
  const { plan, refusals } = await prepare(await readSource(file), await planFlags(flags));
  // One object on standard output: either the plan, or (from the entry) the reasons against it.
  if (refusals.length > 0 && flags.json === true) throw new BruntErrors(refusals);
  if (flags.json === true) {
    putJson(plan);
  } else {
    say(drawPlan(plan));
    say(saidText(flags));
  }
  if (refusals.length > 0) throw new BruntErrors(refusals);
  return EXIT.passed;
}

/** Where what is above has its values from. */
function saidText({ profile, seed, set, only, var: variables, envFrom }: PlanVerbFlags): string {
  const all = (flag: string, values: readonly string[] | undefined): string[] =>
    (values ?? []).map((value) => `--${flag} ${value}`);
  const said = [
    profile === undefined ? `--profile ${PROFILE_DEFAULT} (default)` : `--profile ${profile}`,
    ...(seed === undefined ? [] : [`--seed ${seed}`]),
    ...all('set', set),
    ...all('var', variables),
    ...(envFrom === undefined ? [] : [`--env-from ${envFrom}`]),
    ...all('only', only),
  ];
  return ` said       ${said.join(' ')}\n precedence profile < extends < file < environment of variables < --var < --set`;
}
