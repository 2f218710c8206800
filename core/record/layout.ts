/** What a run record is made of: names of its files, its manifest, and the id that names its directory. */
import type { Random } from '../base/random.js';
import type { HostFacts } from '../contract/host.js';
import type { Plan } from '../contract/plan.js';

export const RECORD_VERSION = 1;

export const FILES = {
  manifest: 'run.json',
  windows: 'windows.ndjson',
  events: 'events.ndjson',
  digests: 'digests.ndjson',
  summary: 'summary.json',
} as const;

/** Journals of agents: what they made outside memory and have not yet removed. */
export const JOURNAL = /^journal-.*\.ndjson$/;

/** run.json, written before anything of the run is started. */
export interface Manifest {
  readonly version: typeof RECORD_VERSION;
  readonly run: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly seed: number;
  readonly brunt: string;
  readonly node: string;
  readonly argv: readonly string[];
  /** The process that runs the run. startTicks (of the kernel's clock, since boot) tells it from a later one of the same pid. */
  readonly owner: { readonly pid: number; readonly startTicks: number | null };
  readonly host: HostFacts;
  /** Slower facts: processor model, distribution. Null: not asked. */
  readonly fingerprint: Readonly<Record<string, unknown>> | null;
  readonly plan: Plan;
}

/** Longer names are cut: the id is a file name and a thing people paste. */
const NAME_MAX = 40;

/** `2026-11-21T10-14-03-quick-7f3a`: UTC, so that ids sort by time. */
export function makeRunId(name: string, now: Date, random: Random = Math.random): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_MAX)
    .replace(/^-+|-+$/g, '');
  const tail = Math.floor(random() * 0x1_0000)
    .toString(16)
    .padStart(4, '0');
  return [time, slug, tail].filter((part) => part !== '').join('-');
}
