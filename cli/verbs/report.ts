/** `brunt report [RUN]`: a record, also of a run that crashed, into exporters. Judges nothing anew, loads nothing. */
import { resolve } from 'node:path';
import { findRun } from '../../core/record/find.js';
import { reportRun } from '../../core/run/report.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import type { ExportFlags } from '../exporters.js';
import { chooseExporters } from '../exporters.js';
import { cleanLeftovers } from '../leftovers.js';
import type { ScreenFlags } from '../screen.js';
import { openScreen, putJson } from '../screen.js';
import { makeRegistry, RUNS_DIR } from '../wire.js';

export async function reportVerb(run: string, flags: ExportFlags & ScreenFlags): Promise<ExitCode> {
  await cleanLeftovers();
  const dir = await findRun(resolve(RUNS_DIR), run);
  const exporters = await chooseExporters([], flags, makeRegistry());
  const summary = await reportRun(dir, { screen: openScreen(flags), exporters });
  if (flags.json === true) putJson(summary);
  return EXIT.passed;
}
