/**
 * The words of the page that an agent shares with the process that guards it. The guard raises `count` when a limit is
 * crossed, and from that instant all credit of the agent's instances is void: each compares it with the count that the
 * agent's main thread has seen to (`WORD.recalled` of its control block) before it claims anything. Nobody has to be
 * scheduled for it, so that an agent which is frozen meanwhile wakes up with nothing to take. Layout only.
 */
export const RECALL_WORD = {
  /** Of the agent: tells the guard that it has found the right page. Written once, by the agent. */
  pid: 0,
  /** Written by the guard alone. */
  count: 1,
} as const;
