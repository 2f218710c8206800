/** What one instance of a storage simulator works on, as the simulator has opened it. Read by `session.ts` and beside it. */
import type { ActorContext } from '../../../core/contract/index.js';
import type { Identity } from '../verify/kept-file.js';
import type { Layout } from '../layout/layout.js';
import type { Region } from './choices.js';
import type { LockerInput } from './locker.js';
import type { STORAGE_METRICS } from './metrics.js';
import type { WorkloadOptions } from './options.js';
import type { PickOptions } from './pick.js';
import type { Trim } from './work.js';

export type StorageContext = ActorContext<WorkloadOptions, typeof STORAGE_METRICS>;

export interface Target {
  /** What is told of it, and what stamps are keyed by: the same for all instances that share it. */
  readonly name: string;
  /** This instance's alone: each has one. Else all work on it. */
  readonly isOwn: boolean;
  /** By which a later run knows it again. Default: by what is on it. */
  readonly identity?: Identity;
  /** The one open file or device; or many files, which the session opens. */
  readonly on: number | ManyFiles;
  /** What is worked on: so many bytes from here on. Default 0. */
  readonly from?: number;
  readonly bytes: number;
  readonly trim: Trim;
  readonly trimsToZero: boolean;
  /** Each operation locks its range, or the whole file, while it is under way: one at a time in each instance. */
  readonly lock?: Lock;
}

export interface Lock {
  readonly isRange: boolean;
  readonly onTaken: LockerInput['onTaken'];
}

export interface ManyFiles {
  readonly layout: Layout;
  /** Those of this instance. */
  readonly files: Uint32Array;
  readonly pick: PickOptions;
  /** Open at one time. Undefined: as many as operations in flight need, and 256 at the least. */
  readonly openMost: number | undefined;
  /** Throws what the system says. */
  readonly open: (file: number) => number;
  /** A file was opened, which took so long. */
  readonly onOpen: (ns: number) => void;
}

/** Open files of one instance where the scenario does not say. */
export const OPEN_FILES = 256;

/** A stretch of one file, or of the device, that this instance may have written to. */
export interface Part {
  /** From an offset in the file to its place in all that is worked on. */
  readonly base: number;
  readonly region: Region;
  /** Its file as the engine numbered it, and as the system did, open until `done`. Throws what the system says. */
  readonly use: () => { readonly file: number; readonly fd: number };
  readonly done: () => void;
}
