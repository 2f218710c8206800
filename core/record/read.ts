/**
 * The reading side of a run record, whole or cut off anywhere: a directory comes in, the manifest and iterators
 * leave. Damage is counted, never thrown. Called by core/run (report), by clean and by the CLI.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BruntError, messageOf } from '../base/errors.js';
import type { RunEvent } from '../contract/events.js';
import type { Window } from '../contract/metrics.js';
import type { RunSummary } from '../contract/summary.js';
import { SUMMARY_VERSION } from '../contract/summary.js';
import type { DigestRecord } from '../metrics/digest.js';
import { decodeWindow, parseObject } from './codec.js';
import type { Manifest } from './layout.js';
import { FILES, RECORD_VERSION } from './layout.js';
import { readLines } from './lines.js';

export { findRun } from './find.js';

export interface RunRecord {
  readonly dir: string;
  readonly manifest: Manifest;
  /** Null: the run did not end itself, or its summary is damaged (then it is counted). */
  readonly summary: RunSummary | null;
  windows(): AsyncGenerator<Window>;
  events(): AsyncGenerator<RunEvent>;
  digests(): AsyncGenerator<DigestRecord>;
  /** Lines and files that could not be read so far; complete once the iterators have ended. */
  readonly damaged: Readonly<Record<'windows' | 'events' | 'digests' | 'summary', number>>;
}

/** Rejects with E_RECORD when there is no manifest to read the rest by. */
export async function readRecord(dir: string): Promise<RunRecord> {
  const manifest = await readManifest(dir);
  const damaged = { windows: 0, events: 0, digests: 0, summary: 0 };
  const summary = await readSummary(dir, () => damaged.summary++);
  const file = (name: keyof typeof FILES): string => join(dir, FILES[name]);
  return {
    dir,
    manifest,
    summary,
    damaged,
    windows: () => readLines(file('windows'), decodeWindow, () => damaged.windows++),
    events: () => readLines(file('events'), decodeEvent, () => damaged.events++),
    digests: () => readLines(file('digests'), decodeDigest, () => damaged.digests++),
  };
}

export async function readManifest(dir: string): Promise<Manifest> {
  let reason: string;
  try {
    const value = parseObject(await readFile(join(dir, FILES.manifest), 'utf8'));
    if (isManifest(value)) return value;
    reason =
      value === null
        ? 'it is not a JSON object'
        : `it is of version ${JSON.stringify(value['version']) || 'none'}, this brunt reads ${RECORD_VERSION}`;
  } catch (error) {
    reason = messageOf(error);
  }
  throw new BruntError({
    code: 'E_RECORD',
    message: `${FILES.manifest} cannot be read: ${reason}`,
    place: { path: resolve(dir) },
  });
}

async function readSummary(dir: string, onDamaged: () => void): Promise<RunSummary | null> {
  let text: string;
  try {
    text = await readFile(join(dir, FILES.summary), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDamaged();
    return null;
  }
  const value = parseObject(text);
  if (value?.['version'] === SUMMARY_VERSION) return value as unknown as RunSummary;
  onDamaged();
  return null;
}

function isManifest(value: Record<string, unknown> | null): value is Record<string, unknown> & Manifest {
  const isObject = (part: unknown): boolean => typeof part === 'object' && part !== null;
  return value?.['version'] === RECORD_VERSION && isObject(value['plan']) && isObject(value['owner']);
}

function decodeEvent(line: string): RunEvent | null {
  const value = parseObject(line);
  const isEvent = typeof value?.['type'] === 'string' && typeof value['atMs'] === 'number';
  return isEvent ? (value as unknown as RunEvent) : null;
}

function decodeDigest(line: string): DigestRecord | null {
  const value = parseObject(line);
  const isDigest = typeof value?.['metric'] === 'string' && Array.isArray(value['centroids']);
  return isDigest ? (value as unknown as DigestRecord) : null;
}
