/** `brunt clean`: removes what dead runs left behind, and says what it did. */
import { resolve } from 'node:path';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { clean } from '../../core/record/clean.js';
import { putJson, say } from '../screen.js';
import { RUNS_DIR } from '../wire.js';

export async function cleanVerb(flags: { readonly json?: boolean }): Promise<ExitCode> {
  const result = await clean(resolve(RUNS_DIR));
  if (flags.json === true) putJson(result);
  for (const path of result.removed) say(`removed  ${path}`);
  for (const { path, reason } of result.left) say(`left     ${path}: ${reason}`);
  if (result.removed.length + result.left.length === 0) say('nothing was left behind');
  return EXIT.passed;
}
