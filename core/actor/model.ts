/** What decides when the next operation of an instance may start: the open model (rate) or the closed one (places). */
export interface Model {
  /** When one more may start: not after `now` means at once; Infinity: when something changes. */
  nextNs(now: number): number;
  /** The operation that `nextNs` told starts. */
  start(dueNs: number, now: number): void;
  /** nextNs and start of as many as may start by `now`, at most `most`; their due times go to the begin of `dueNs`. */
  startDue(dueNs: Float64Array, most: number, now: number): number;
  /** So many that were started have ended, and moved so many bytes. */
  ended(now: number, count: number, bytes: number): void;
  /** True when an operation that ends may let another one start. */
  readonly awaitsEnds: boolean;
  /** How many have fallen due by now, of which `dropped` were never started. */
  dueBy(now: number): number;
  readonly dropped: number;
  /** How many of those that were started had to wait for `inFlight`. */
  readonly queued: number;
  /** How many of them a cap held back. */
  readonly capped: number;
  /** What is done now on average since the last call, over `spanNs`, in the unit of the control. */
  held(now: number, spanNs: number): number;
  /** Nothing starts any more. */
  end(now: number): void;
}
