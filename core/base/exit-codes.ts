/** What the process tells its caller. Stable: additions only. */
export const EXIT = {
  passed: 0,
  internal: 1,
  usage: 2,
  invalid: 3,
  threshold: 4,
  safety: 5,
  actor: 6,
  cannotStart: 7,
  regression: 8,
  untrustworthy: 9,
  lostData: 10,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Several at once: the first of these that applies is the exit code. */
const PRECEDENCE: readonly ExitCode[] = [
  EXIT.internal,
  EXIT.usage,
  EXIT.invalid,
  EXIT.cannotStart,
  EXIT.safety,
  EXIT.actor,
  EXIT.interrupted,
  EXIT.terminated,
  EXIT.untrustworthy,
  EXIT.threshold,
  EXIT.regression,
  EXIT.lostData,
];

export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const present = new Set(codes);
  return PRECEDENCE.find((code) => present.has(code)) ?? EXIT.passed;
}
