/**
 * The stop ladder: ask, ask to release, terminate the threads, kill the agent, reap what its journal names. Each
 * rung is taken only by agents that the one before did not end, is idempotent, and is recorded.
 */
import { doneWithin } from '../base/deferred.js';
import type { StopRung } from '../contract/events.js';

/** Of the graceful time, this share passes between asking to stop and asking to release. */
const RELEASE_AFTER_SHARE = 0.6;
/** A terminated thread may sit in a blocking call of at most 100 ms; hundreds end one after the other. */
const TERMINATE_MS = 3000;

export interface Stoppable {
  readonly name: string;
  /** Settles when every instance of the agent has ended, or the agent itself. */
  readonly idle: Promise<void>;
  readonly isIdle: boolean;
  stop(rung: 'ask' | 'release' | 'terminate'): void;
  kill(): void;
}

export type OnRung = (rung: StopRung, agent: string, detail: string) => void;

/** Resolves when all are idle or killed; says which had to be killed. */
export async function climbStopLadder(
  agents: readonly Stoppable[],
  gracefulMs: number,
  onRung: OnRung,
): Promise<string[]> {
  const left = (): Stoppable[] => agents.filter((agent) => !agent.isIdle);
  const rungs = [
    { rung: 'ask', waitMs: gracefulMs * RELEASE_AFTER_SHARE, detail: 'asked to stop' },
    { rung: 'release', waitMs: gracefulMs * (1 - RELEASE_AFTER_SHARE), detail: 'asked to give back' },
    { rung: 'terminate', waitMs: TERMINATE_MS, detail: 'threads terminated after the deadline' },
  ] as const;
  for (const { rung, waitMs, detail } of rungs) {
    for (const agent of left()) {
      onRung(rung, agent.name, detail);
      agent.stop(rung);
    }
    if (await doneWithin(Promise.all(left().map((agent) => agent.idle)), waitMs)) return [];
  }
  const killed = left();
  for (const agent of killed) {
    onRung('kill', agent.name, 'did not end its threads');
    agent.kill();
  }
  await Promise.all(killed.map((agent) => agent.idle));
  return killed.map((agent) => agent.name);
}
