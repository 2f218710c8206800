/**
 * A process that ran before the run and goes on after it: its number, or the file that holds it, enters; that it has
 * ended is told. It is looked at, never signalled. Owned by `surroundings.ts`.
 */
import { readFileSync } from 'node:fs';
import { BruntError, messageOf } from '../base/errors.js';
import type { PlannedProcess } from '../contract/plan.js';
import { processStart } from '../linux/procfs.js';

const LOOK_MS = 250;

export class WatchedProcess {
  readonly pid: number;
  readonly #timer: NodeJS.Timeout;

  /** Throws E_TARGET_START when there is no such process. */
  constructor({ pid }: PlannedProcess, onEnd: (cause: string) => void) {
    this.pid = typeof pid === 'number' ? pid : readPid(pid);
    // The number may be given to another process: one that began at another time is another one.
    const start = processStart(this.pid);
    if (start === null) throw notThere(`there is no process ${this.pid}`);
    this.#timer = setInterval(() => {
      if (processStart(this.pid) === start) return;
      this.stop();
      onEnd('it is gone');
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function readPid(file: string): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw notThere(`its pidFile cannot be read: ${messageOf(error)}`);
  }
  const pid = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(pid) && pid > 0) return pid;
  throw notThere(`its pidFile ${file} holds no number of a process`);
}

function notThere(reason: string): BruntError {
  return new BruntError({
    code: 'E_TARGET_START',
    message: `the target cannot be watched: ${reason}`,
    place: { path: 'target' },
  });
}
