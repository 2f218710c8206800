/** Which file a command means, by the rules of a shell: a path, or a name to be looked for along PATH. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** Absolute; null when there is no file that may be executed. */
export function findExecutable(name: string, cwd: string, path: string | undefined): string | null {
  if (name.includes('/')) return executable(resolve(cwd, name));
  for (const folder of (path ?? '').split(delimiter)) {
    const found = folder === '' ? null : executable(resolve(cwd, folder, name));
    if (found !== null) return found;
  }
  return null;
}

function executable(file: string): string | null {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? file : null;
  } catch {
    // Not there, or not ours to run: for the caller both mean "look on".
    return null;
  }
}
