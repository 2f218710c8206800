/**
 * Signals of the process: the first asks the run to stop and give back, the second ends its agents, the third ends
 * brunt. A run that is still starting is stopped as soon as it can be. Called by the run verb.
 */
import { EXIT } from '../core/base/exit-codes.js';
import type { RunHandle } from '../core/index.js';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** After its agents were killed a run has only its record to finish. */
const KILL_GRACE_MS = 5000;

/** A closed terminal ends a run as a polite request does. */
const HEEDED: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', StopSignal>> = {
  SIGINT: 'SIGINT',
  SIGTERM: 'SIGTERM',
  SIGHUP: 'SIGTERM',
};

export interface Signals {
  /** The same as a signal, from elsewhere: Ctrl-C in raw mode is only a key. */
  raise(signal: StopSignal): void;
  attach(run: Pick<RunHandle, 'stop' | 'kill'>): void;
  close(): void;
}

export interface SignalUse {
  /** Tells the person what the signal did; a live screen shows it by itself. */
  announce(text: string): void;
  exit(code: number): void;
}

export function heedSignals(use: SignalUse): Signals {
  let run: Parameters<Signals['attach']>[0] | null = null;
  let first: StopSignal | null = null;
  let isKilled = false;
  let timer: NodeJS.Timeout | undefined;
  const raise = (signal: StopSignal): void => {
    const code = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    if (first === null) {
      first = signal;
      run?.stop('signal', signal);
      use.announce(`brunt: ${signal}: stopping and giving back; once more ends the agents at once`);
    } else if (!isKilled && run !== null) {
      isKilled = true;
      timer = setTimeout(() => use.exit(code), KILL_GRACE_MS);
      run.kill();
    } else {
      use.exit(code);
    }
  };
  const names = Object.keys(HEEDED) as (keyof typeof HEEDED)[];
  const listener = (signal: NodeJS.Signals): void => raise(HEEDED[signal as keyof typeof HEEDED]);
  for (const name of names) process.on(name, listener);
  return {
    raise,
    attach(handle) {
      run = handle;
      if (first !== null) run.stop('signal', first);
    },
    close() {
      clearTimeout(timer);
      for (const name of names) process.off(name, listener);
    },
  };
}
