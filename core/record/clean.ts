/**
 * What dead runs left behind: a directory of records comes in, journals of runs whose owner is gone are reaped,
 * and what was done leaves. Ends no process. Called by the CLI before every verb that touches runs, and by clean.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../base/errors.js';
import { reap } from '../agent/journal.js';
import { processStart } from '../linux/procfs.js';
import { listRuns } from './find.js';
import type { Manifest } from './layout.js';
import { JOURNAL } from './layout.js';
import { readManifest, readRecord } from './read.js';

/** An orphaned agent ends within 5 s and may write its journal until then; this is twice that. */
const ORPHAN_GRACE_MS = 10_000;

export interface CleanResult {
  /** Paths that are gone now. */
  readonly removed: readonly string[];
  /** Paths that are still there, and why. */
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

export interface StaleRun {
  readonly run: string;
  readonly dir: string;
  /** Files that name what the run made outside memory. */
  readonly journals: readonly string[];
}

/** Runs of this host that left journals and whose owner is gone. */
export async function staleRuns(runsDir: string): Promise<StaleRun[]> {
  const runs = await Promise.all((await listRuns(runsDir)).map((run) => findStale(runsDir, run)));
  return runs.filter((run) => run !== null);
}

/** Idempotent. A journal is removed once all it names is gone and nobody can write to it any more. */
export async function clean(runsDir: string): Promise<CleanResult> {
  const removed: string[] = [];
  const left: { path: string; reason: string }[] = [];
  for (const run of await staleRuns(runsDir)) {
    const isOrphaned = await mayHaveOrphans(run);
    for (const journal of run.journals) {
      try {
        const result = reap(journal);
        removed.push(...result.removed);
        left.push(...result.left);
        if (result.left.length === 0 && !isOrphaned) await rm(journal, { force: true });
      } catch (error) {
        left.push({ path: journal, reason: messageOf(error) });
      }
    }
  }
  return { removed, left };
}

async function findStale(runsDir: string, run: string): Promise<StaleRun | null> {
  const dir = join(runsDir, run);
  const journals = (await readdir(dir)).filter((name) => JOURNAL.test(name)).map((name) => join(dir, name));
  if (journals.length === 0) return null;
  const manifest = await readManifest(dir).catch(() => null); // Without an owner's name nobody is known to be gone.
  return manifest !== null && isOwnerGone(manifest) ? { run, dir, journals } : null;
}

/** Whether the process that ran a run is no more; false where that cannot be known. */
export function isOwnerGone({ owner, host }: Manifest): boolean {
  if (host.hostname !== hostname()) return false; // Its process numbers mean nothing here.
  if (!isAlive(owner.pid)) return true;
  if (owner.startTicks === null) return false;
  return processStart(owner.pid) !== owner.startTicks;
}

/** True while an agent may still be on its way out. */
async function mayHaveOrphans({ dir, journals }: StaleRun): Promise<boolean> {
  const writtenMs = await Promise.all(journals.map(async (path) => (await stat(path)).mtimeMs));
  if (Date.now() - Math.max(...writtenMs) < ORPHAN_GRACE_MS) return true;
  for await (const event of (await readRecord(dir)).events()) {
    if (event.type === 'agent.ready' && isAlive(event.pid)) return true;
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
