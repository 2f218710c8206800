/** Removes what dead runs left behind, before a verb that touches runs; silent unless there was something. */
import { clean } from '../core/record/clean.js';
import { say } from './screen.js';
import { RUNS_DIR } from './wire.js';

export async function cleanLeftovers(): Promise<void> {
  const { removed, left } = await clean(RUNS_DIR);
  for (const path of removed) say(`brunt: removed what a dead run left behind: ${path}`);
  for (const { path, reason } of left) say(`brunt: a dead run left ${path}: ${reason}`);
}
