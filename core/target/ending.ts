/**
 * Ends everything below a process: asks first, then kills, and looks whether it is gone. Called by the keeper, whose
 * descendants are the target, and by the handle when the keeper itself is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, livingOf } from './tree.js';

/** Between asking a target to end and killing it. */
export const TERM_MAX_MS = 3000;
/** A killed process is gone when the kernel has taken it apart: with much memory, that takes a while. */
export const KILL_MAX_MS = 3000;
const LOOK_MS = 20;

/** What is still there of a target: its group's leader and all descendants of `root`. */
export function remains(root: number, leader: number): number[] {
  return livingOf([...new Set([leader, ...(descendantsOf(root) ?? [])])]);
}

/** Resolves with what could not be ended, which is nothing but for processes stuck in the kernel. */
export async function endTree(root: number, leader: number): Promise<number[]> {
  signalTree(root, leader, 'SIGTERM');
  // One that was stopped cannot hear it before it goes on.
  signalTree(root, leader, 'SIGCONT');
  if (await isGone(root, leader, TERM_MAX_MS)) return [];
  return killTree(root, leader);
}

export async function killTree(root: number, leader: number): Promise<number[]> {
  const deadline = performance.now() + KILL_MAX_MS;
  // Again and again: between two looks at /proc a process may have started another one.
  do {
    signalTree(root, leader, 'SIGKILL');
    if (await isGone(root, leader, 10 * LOOK_MS)) return [];
  } while (performance.now() < deadline);
  return remains(root, leader);
}

/** The whole group at once, then what has left it. */
export function signalTree(root: number, leader: number, signal: NodeJS.Signals): void {
  send(-leader, signal);
  for (const pid of descendantsOf(root) ?? []) send(pid, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or become another user's: what is left is told at the end.
  }
}

async function isGone(root: number, leader: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  while (remains(root, leader).length > 0 || hasGroup(leader)) {
    if (performance.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

/** Members that are dead and not reaped count too: the keeper reaps its own in a moment. */
function hasGroup(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    // ESRCH: nobody is in it any more.
    return false;
  }
}
