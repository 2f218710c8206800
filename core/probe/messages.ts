/** What the main thread and the probe thread say to each other: at its birth, and later. */
import type { PlannedProbe } from '../contract/plan.js';

/** Int32 words that the thread writes and the main thread looks at. */
export const THREAD_WORD = {
  /** Raised while the thread's event loop turns. */
  beat: 0,
  /** Number, from 1, of the probe whose code was called and has not given the thread back; 0: none. */
  calling: 1,
} as const;

export interface ThreadProbe {
  readonly plan: PlannedProbe;
  /** Recorder memory of what the core records, and of the probe's own metrics. */
  readonly core: SharedArrayBuffer;
  readonly own: SharedArrayBuffer;
}

export interface ProbeThreadInput {
  readonly words: SharedArrayBuffer;
  readonly probes: readonly ThreadProbe[];
}

export type ToProbeThread =
  /** The instant at which each probe takes its first sample. */
  { readonly type: 'begin'; readonly firstDueNs: number } | { readonly type: 'stop' };

export type FromProbeThread =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly probe: string; readonly message: string }
  | ({ readonly type: 'log' } & ProbeLog);

export interface ProbeLog {
  readonly probe: string;
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
}
