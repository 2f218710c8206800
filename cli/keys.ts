/**
 * The keyboard of a live run: single keys in, calls on the run out. The terminal is put back as it was in every
 * outcome. Called by the run verb when standard input is a terminal.
 */
import type { RunHandle } from '../core/index.js';

/** One press of + or -: a tenth of what the scenario asks. */
const STEP = 0.1;
const CTRL_C = '\u0003';

const SHORT = ['p pause   + - scale   s stop and give back   ? help'];
const HELP = [
  'p  pause: every actor gives back what it holds; p again goes on',
  '+  -  scale the load up or down by a tenth of what the scenario asks',
  's  stop now, give everything back, judge what was measured',
  'Ctrl-C  the same; twice ends the agents at once, the record is kept',
  '?  fewer words',
];

/** What is needed of standard input. */
export interface KeyInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Buffer) => void): unknown;
  off(event: 'data', listener: (data: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface Keys {
  /** What to show beneath the screen now. */
  lines(): readonly string[];
  /** Gives the keys something to act on. */
  attach(run: Pick<RunHandle, 'stop' | 'scale' | 'pause' | 'resume'>): void;
  /** Idempotent. */
  close(): void;
}

/** Null where there is no keyboard. `onInterrupt`: raw mode turns Ctrl-C into a key. */
export function openKeys(input: KeyInput, onInterrupt: () => void): Keys | null {
  if (input.isTTY !== true || input.setRawMode === undefined) return null;
  let run: Parameters<Keys['attach']>[0] | null = null;
  let [scale, isPaused, isHelp] = [1, false, false];
  const scaleBy = (step: number): void => {
    scale = Math.min(1, Math.max(0, Math.round((scale + step) / STEP) * STEP));
    run?.scale(scale);
  };
  const actions: Readonly<Record<string, () => void>> = {
    p: () => {
      isPaused = !isPaused;
      if (isPaused) run?.pause();
      else run?.resume();
    },
    '+': () => scaleBy(STEP),
    '-': () => scaleBy(-STEP),
    s: () => run?.stop('person'),
    '?': () => (isHelp = !isHelp),
    [CTRL_C]: onInterrupt,
  };
  const onData = (data: Buffer): void => {
    for (const key of data.toString()) actions[key]?.();
  };
  const close = (): void => {
    process.off('exit', close);
    input.off('data', onData);
    input.setRawMode?.(false);
    input.pause();
  };
  input.setRawMode(true);
  input.on('data', onData);
  input.resume();
  process.once('exit', close);
  return {
    lines: () => (isHelp ? HELP : isPaused ? ['PAUSED: p goes on', ...SHORT] : SHORT),
    attach: (handle) => (run = handle),
    close,
  };
}
