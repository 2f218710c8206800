/** `brunt plan FILE`: what would run here, drawn or as JSON, and why it may not. Starts nothing. */
import { BruntErrors } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import type { PlanFlags } from '../prepare.js';
import { prepare } from '../prepare.js';
import { putJson, say } from '../screen.js';

export interface PlanVerbFlags extends PlanFlags {
  readonly json?: boolean;
}

export async function planVerb(file: string, flags: PlanVerbFlags): Promise<ExitCode> {
  const { plan, refusals } = await prepare(file, flags);
  // One object on standard output: either the plan, or (from the entry) the reasons against it.
  if (refusals.length > 0 && flags.json === true) throw new BruntErrors(refusals);
  if (flags.json === true) {
    putJson(plan);
  } else {
    const { drawPlan } = await import('../../core/index.js');
    say(drawPlan(plan));
  }
  if (refusals.length > 0) throw new BruntErrors(refusals);
  return EXIT.passed;
}
