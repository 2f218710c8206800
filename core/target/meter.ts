/**
 * What the target uses, with everything it started: /proc is read four times a second into recorders of the run. What
 * cannot be read has no value. Owned by `surroundings.ts`, on the orchestrator's main thread.
 */
import { readdirSync, statSync } from 'node:fs';
import { nowNs, SECOND } from '../base/clock.js';
import { fieldOf, readText } from '../linux/procfs.js';
import { TARGET_METRICS } from '../metrics/catalogue.js';
import type { FrameGroup } from '../metrics/frame-builder.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';
import { descendantsOf } from './tree.js';

const EVERY_MS = 250;
/** More processes than this cost more to read than the readings are worth: they have no values then. */
export const PROCESSES_MAX = 1024;
/** USER_HZ: what /proc counts processor time in, on every Linux. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  /** Of all that ran below the root so far, what has ended and was waited for included. */
  readonly cpuNs: number;
  readonly rssBytes: number;
  readonly threads: number;
  /** Null: of another user, so that nobody may look. */
  readonly openFiles: number | null;
}

export class TargetMeter {
  readonly groups: readonly FrameGroup[];
  readonly #root: number;
  readonly #isOfTarget: boolean;
  readonly #recorders;
  #timer: NodeJS.Timeout | undefined;
  #before: { readonly atNs: number; readonly cpuNs: number } | null = null;

  /** `root`: the keeper, whose descendants the target is; or with `isOfTarget` the target itself. */
  constructor(root: number, isOfTarget = false) {
    this.#root = root;
    this.#isOfTarget = isOfTarget;
    const buffer = new SharedArrayBuffer(recorderBytes(TARGET_METRICS));
    this.#recorders = openRecorders(TARGET_METRICS, buffer, nowNs);
    this.groups = [{ prefix: '', specs: TARGET_METRICS, tags: {}, buffers: [buffer] }];
  }

  start(): void {
    this.#take();
    this.#timer = setInterval(() => this.#take(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    const usage = usageBelow(this.#root, this.#isOfTarget);
    const now = nowNs();
    const recorders = this.#recorders;
    recorders['target.rss'].set(usage?.rssBytes ?? NaN);
    recorders['target.threads'].set(usage?.threads ?? NaN);
    recorders['target.open-files'].set(usage?.openFiles ?? NaN);
    if (usage === null) {
      recorders['target.cpu'].set(NaN);
      this.#before = null;
      return;
    }
    const before = this.#before;
    // A process that ends between two files of /proc is in neither for a moment; its time is back in the next reading.
    const cpuNs = Math.max(usage.cpuNs, before?.cpuNs ?? 0);
    this.#before = { atNs: now, cpuNs };
    if (before === null) return;
    const spanNs = now - before.atNs;
    const share = (cpuNs - before.cpuNs) / spanNs;
    recorders['target.cpu'].advance(share, share, share, share, spanNs);
  }
}

/** Null where there is no /proc to tell, or nothing runs, or too much. */
export function usageBelow(root: number, isOfTarget = false): Usage | null {
  const below = descendantsOf(root);
  const pids = isOfTarget && below !== null ? [root, ...below] : below;
  if (pids === null || pids.length === 0 || pids.length > PROCESSES_MAX) return null;
  let [cpuNs, rssBytes, threads] = [isOfTarget ? 0 : reapedNs(root), 0, 0];
  let openFiles: number | null = 0;
  for (const pid of pids) {
    const status = readText(`/proc/${pid}/status`);
    if (status === null) continue;
    cpuNs += usedNs(pid);
    // A process that is dead and not yet reaped has no memory any more.
    rssBytes += (fieldOf(status, 'VmRSS') ?? 0) * 1024;
    threads += fieldOf(status, 'Threads') ?? 0;
    const files = countFiles(pid);
    openFiles = files === null || openFiles === null ? null : openFiles + files;
  }
  return { cpuNs, rssBytes, threads, openFiles };
}

/** Processor time of a process and of its children that it has waited for. */
function usedNs(pid: number): number {
  const [user, system, childUser, childSystem] = ticksOf(pid);
  return toNs(user + system + childUser + childSystem);
}

/** Of what the keeper started, and adopted, and has waited for: its own time is not the target's. */
function reapedNs(pid: number): number {
  const [, , childUser, childSystem] = ticksOf(pid);
  return toNs(childUser + childSystem);
}

function toNs(ticks: number): number {
  return (ticks / TICKS_PER_SECOND) * SECOND;
}

function ticksOf(pid: number): readonly [number, number, number, number] {
  const text = readText(`/proc/${pid}/stat`) ?? '';
  // The name stands in brackets and may itself hold brackets and spaces; utime is the 14th field of all.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number);
  return [user, system, childUser, childSystem];
}

function countFiles(pid: number): number | null {
  const folder = `/proc/${pid}/fd`;
  try {
    // Linux from 6.2 on tells how many there are as the size of the folder.
    const { size } = statSync(folder);
    return size > 0 ? size : readdirSync(folder).length;
  } catch (error) {
    // Gone meanwhile: nothing is open. Else it may not be looked at.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 0 : null;
  }
}
