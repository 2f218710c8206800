/** `brunt completion SHELL`: a script for that shell on standard output, made from the table of verbs. */
import { BruntError } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { suggestion } from '../../core/base/suggest.js';
import { bashScript, fishScript, zshScript } from '../completion.js';
import { putText } from '../screen.js';

const SCRIPTS: Readonly<Record<string, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionVerb(shell: string): ExitCode {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    const hint = suggestion(shell, Object.keys(SCRIPTS));
    throw new BruntError({ code: 'E_USAGE', message: `no completion for "${shell}"`, hint });
  }
  putText(script());
  return EXIT.passed;
}
