/**
 * What somebody has who writes a plugin outside this repository: a folder with `brunt` among its packages and a
 * compiler. Used by the tests of the example plugin and of the plugin guide.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './root.js';

/** Puts this checkout and the types of Node where `npm install` would. */
export function installBrunt(folder: string): void {
  const link = (to: string, name: string): void => {
    const at = join(folder, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(to, at, 'junction');
  };
  link(ROOT, 'brunt');
  link(join(ROOT, 'node_modules/@types/node'), '@types/node');
}

/** What the compiler says of the folder's project; empty when it compiles. */
export function compile(folder: string): string {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}` || `tsc ended with ${status ?? 'a signal'}`;
}
