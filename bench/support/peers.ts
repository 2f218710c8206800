/** Programs that a bench puts itself beside: are they here, and which version. Never installed, never assumed. */
import { spawnSync } from 'node:child_process';

/** The first version number that `PROGRAM FLAG` prints; null when the program is not on this machine. */
export function peerVersion(program: string, flag = '--version'): string | null {
  const { error, stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined) return null;
  return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of unknown version';
}
