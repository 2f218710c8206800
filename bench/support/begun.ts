/** Whether the run of a folder has closed its first window: from then on load is there. Looked at from outside. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export function hasBegun(folder: string): boolean {
  const runs = join(folder, '.brunt', 'runs');
  try {
    return readdirSync(runs).some((run) => statSync(join(runs, run, 'windows.ndjson')).size > 0);
  } catch {
    return false; // nothing is there yet
  }
}
