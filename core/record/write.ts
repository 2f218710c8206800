/**
 * The writing side of a run record: the plan comes in before the run starts, windows and events while it lasts,
 * digests and the summary at its end. A record that is cut off at any byte still reads. Called by core/run.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../base/atomic-file.js';
import { BruntError, messageOf } from '../base/errors.js';
import { writingJson } from '../base/json-text.js';
import { inTurns } from '../base/turns.js';
import type { RunEvent } from '../contract/events.js';
import type { Window } from '../contract/metrics.js';
import type { Plan } from '../contract/plan.js';
import type { RunSummary } from '../contract/summary.js';
import type { DigestRecord } from '../metrics/digest.js';
import { processStart } from '../linux/procfs.js';
import { encodingWindow } from './codec.js';
import type { Manifest } from './layout.js';
import { FILES, RECORD_VERSION } from './layout.js';
import { LineLog } from './line-log.js';

export { makeRunId } from './layout.js';

export interface RecordInput {
  /** Made when it is not there. */
  readonly runsDir: string;
  /** The run's id, see `makeRunId`. */
  readonly run: string;
  readonly plan: Plan;
  readonly argv: readonly string[];
  readonly version: string;
  /** Who this host is, as far as that is known at once. */
  readonly fingerprint?: Readonly<Record<string, unknown>>;
}

export interface RecordWriter {
  readonly run: string;
  readonly dir: string;
  /** Adds to the manifest, whole or not at all, what takes a while to find out about the host. Rejects with E_RECORD. */
  identify(fingerprint: Readonly<Record<string, unknown>>): Promise<void>;
  /** Encoded in short turns and appended soon; never waits for the disk, never rejects for its sake. */
  window(window: Window): Promise<void>;
  /** Appended soon; never waits, never throws for the disk's sake. */
  event(event: RunEvent): void;
  /** Appended at phase ends and at the run's end. */
  digests(records: readonly DigestRecord[]): void;
  /** What was handed over so far is on the disk, or counted as lost, when this settles. Call it at phase ends. */
  sync(): Promise<void>;
  /** Writes summary.json, whole or not at all; a later one replaces it. Rejects with E_RECORD. */
  finish(summary: RunSummary): Promise<void>;
  /** Syncs and closes; the record takes nothing more. */
  close(): Promise<void>;
  readonly lost: { readonly windows: number; readonly events: number };
  /** E_RECORD, once something was lost. */
  readonly failure: BruntError | null;
}

/** Makes the directory and its manifest, durably. Rejects with E_RECORD_OPEN: nothing was started. */
export async function createRecord(input: RecordInput): Promise<RecordWriter> {
  const dir = join(input.runsDir, input.run);
  try {
    await mkdir(input.runsDir, { recursive: true });
    await mkdir(dir);
    const manifest = makeManifest(input);
    await writeManifest(dir, manifest);
    const log = (name: keyof typeof FILES): Promise<LineLog> => LineLog.create(join(dir, FILES[name]));
    const [windows, events, digests] = await Promise.all([log('windows'), log('events'), log('digests')]);
    const logs = { windows, events, digests };
    await Promise.all([syncDirectory(dir), syncDirectory(input.runsDir)]);
    return new Writer(manifest, dir, logs);
  } catch (error) {
    throw new BruntError({
      code: 'E_RECORD_OPEN',
      message: `the run record cannot be made: ${messageOf(error)}`,
      place: { path: dir },
      hint: 'Records go to .brunt/runs in the working directory, which must be writable.',
      cause: error,
    });
  }
}

function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  return writeFileAtomic(join(dir, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
}

function makeManifest({ run, plan, argv, version, fingerprint }: RecordInput): Manifest {
  return {
    version: RECORD_VERSION,
    run,
    createdAt: new Date().toISOString(),
    seed: plan.seed,
    brunt: version,
    node: process.version,
    argv,
    owner: { pid: process.pid, startTicks: processStart(process.pid) },
    host: plan.host,
    fingerprint: fingerprint ?? null,
    plan,
  };
}

type Logs = Readonly<Record<'windows' | 'events' | 'digests', LineLog>>;

class Writer implements RecordWriter {
  readonly run: string;
  readonly dir: string;
  readonly #manifest: Manifest;
  readonly #logs: Logs;

  constructor(manifest: Manifest, dir: string, logs: Logs) {
    this.run = manifest.run;
    this.#manifest = manifest;
    this.dir = dir;
    this.#logs = logs;
  }

  get lost(): { windows: number; events: number } {
    return { windows: this.#logs.windows.lost, events: this.#logs.events.lost };
  }

  get failure(): BruntError | null {
    const { windows, events, digests } = this.#logs;
    const reason = windows.failure ?? events.failure ?? digests.failure;
    if (reason === null) return null;
    return new BruntError({
      code: 'E_RECORD',
      message: `the run record lost ${windows.lost} windows, ${events.lost} events and ${digests.lost} digests: ${reason}`,
      place: { path: this.dir },
    });
  }

  async identify(fingerprint: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      await writeManifest(this.dir, { ...this.#manifest, fingerprint });
    } catch (error) {
      throw new BruntError({
        code: 'E_RECORD',
        message: `the manifest cannot be written: ${messageOf(error)}`,
        place: { path: this.dir },
        cause: error,
      });
    }
  }

  async window(window: Window): Promise<void> {
    this.#logs.windows.push(await inTurns(encodingWindow(window)));
  }

  event(event: RunEvent): void {
    this.#logs.events.push(JSON.stringify(event));
  }

  digests(records: readonly DigestRecord[]): void {
    for (const record of records) this.#logs.digests.push(JSON.stringify(record));
  }

  async sync(): Promise<void> {
    await Promise.all(Object.values(this.#logs).map((log) => log.sync()));
  }

  async finish(summary: RunSummary): Promise<void> {
    try {
      const text = await inTurns(writingJson(summary));
      await writeFileAtomic(join(this.dir, FILES.summary), `${text}\n`);
    } catch (error) {
      throw new BruntError({
        code: 'E_RECORD',
        message: `the summary cannot be written: ${messageOf(error)}`,
        place: { path: this.dir },
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#logs).map((log) => log.close()));
  }
}
