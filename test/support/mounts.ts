/**
 * Mounts of tests carry the process that made them in their name, so that what a killed test run has left is known, and
 * removed by the next one: `devices.ts` and `served-file.ts` call it before they mount anything.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { processStart } from '../../core/linux/procfs.js';

const PREFIX = 'brunt-test:';

/** What stands for the device in a list of mounts. */
export function mountName(pid: number = process.pid): string {
  return `${PREFIX}${pid}:${processStart(pid) ?? 0}`;
}

export interface Mount {
  readonly name: string;
  readonly path: string;
}

/** Of tests, the innermost first. */
export function testMounts(): Mount[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n').reverse();
  return lines
    .map((line) => line.split(' '))
    .map(([name = '', path = '']) => ({ name, path }))
    .filter(({ name }) => name.startsWith(PREFIX));
}

/** What others have left whose process is gone. Looks into none of it: nobody may answer there any more. */
export function sweepMounts(): void {
  for (const { name, path } of testMounts()) {
    const [, pid, start] = name.split(':').map(Number);
    if (pid === undefined || processStart(pid) === start) continue;
    for (const loop of loopsOver(path)) spawnSync('losetup', ['-d', loop]);
    spawnSync('umount', ['-l', path]);
  }
}

function loopsOver(folder: string): string[] {
  const loops = readdirSync('/sys/block').filter((name) => name.startsWith('loop'));
  return loops.flatMap((name) => {
    try {
      const file = readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8');
      return file.startsWith(`${folder}/`) ? [`/dev/${name}`] : [];
    } catch {
      return []; // nothing is attached
    }
  });
}
