/**
 * Long work on a thread that others wait for: a generator that yields between its pieces goes in, its result comes out,
 * with the event loop turning whenever TURN_MS are over. Called by whoever handles many series at once.
 */

/** A third of what a turn of the orchestrator’s event loop may take: the collector, or what shares a turn, has room. */
export const TURN_MS = 3;

export async function inTurns<R>(work: Generator<void, R>): Promise<R> {
  let untilMs = performance.now() + TURN_MS;
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (performance.now() < untilMs) continue;
    await nextTurn();
    untilMs = performance.now() + TURN_MS;
  }
}

/** The same where nobody waits: a record that is read back, a test. */
export function atOnce<R>(work: Generator<void, R>): R {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
