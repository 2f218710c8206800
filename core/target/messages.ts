/** What the orchestrator and the keeper of a target say to each other. */
export type ToKeeper =
  | {
      readonly type: 'start';
      readonly command: readonly string[];
      readonly cwd: string;
      /** Added to brunt's own environment. */
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly type: 'stop' }
  | { readonly type: 'beat' };

export type FromKeeper =
  | { readonly type: 'started'; readonly pid: number; readonly armed: KeeperArmed }
  | { readonly type: 'failed'; readonly reason: string; readonly hint?: string }
  | { readonly type: 'ended'; readonly code: number | null; readonly signal: string | null }
  /** All that the target started is gone, but for these. */
  | { readonly type: 'gone'; readonly left: readonly number[] };

/** What holds when the keeper itself is killed, and what it can find of processes that left the group. */
export interface KeeperArmed {
  /** The kernel kills the command when its keeper dies. */
  readonly deathSignal: boolean;
  /** What the command's processes leave behind becomes the keeper's, whatever group it is in. */
  readonly adopts: boolean;
  readonly alarm: boolean;
}
