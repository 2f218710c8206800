/**
 * An oracle in a file instead of memory (`kept-file.ts`): mapped by all instances alike, so that it outlives them, a
 * SIGKILL at any instruction included. A later run opens a copy of it and goes on. The record's folder and the target
 * come in, an oracle and the stamps' key leave. Called by `workload/session.ts`.
 */
import { closeSync, constants, copyFileSync, existsSync, linkSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../core/base/errors.js';
import { errnoName } from '../../../core/linux/errno.js';
import { fileIo, MS_SYNC } from '../../../core/linux/file-io.js';
import type { Mapping } from '../../../core/linux/mapping.js';
import { MAP_SHARED, mapper } from '../../../core/linux/mapping.js';
import type { Header, Identity, KeptFile, Place } from './kept-file.js';
import {
  bootId,
  fileName,
  HEADER_BYTES,
  holdKept,
  keptFiles,
  keptStateBytes,
  makeKeptFile,
  NoKeptState,
  readHeader,
  unitsOf,
  writeHeader,
} from './kept-file.js';
import { Oracle } from './oracle.js';
import type { StampKey } from './stamp.js';

export interface KeptStateInput {
  /** Where this run keeps it: the same for all instances. */
  readonly folder: string;
  /** This instance. */
  readonly writer: number;
  readonly place: Place;
  /** Of a run that begins here. */
  readonly key: StampKey;
  /** What a run before kept; null: this one begins. */
  readonly from: string | null;
  /** The target's power was cut since; null: when the host has booted anew. */
  readonly isPowerLost: boolean | null;
  /** No later run is to find it: the last one to close it removes it. */
  readonly isPassing: boolean;
}

export interface KeptState {
  readonly oracle: Oracle;
  readonly key: StampKey;
  /** What it goes on from, for the log; null where it begins. */
  readonly story: string | null;
  /** Writes it back; nothing of it may be touched any more. */
  close(): void;
}

export function openKeptState(input: KeptStateInput): KeptState {
  const { folder, place, writer, isPassing } = input;
  const file = join(folder, fileName(place));
  try {
    const story = makeOnce(file, input);
    const fd = openSync(file, 'r+');
    holdKept(fd, writer);
    const { key } = readHeader(fd, file);
    const mapped = map(fd, place);
    const oracle = oracleIn(mapped, place);
    oracle.use(1);
    return {
      oracle,
      key,
      story,
      close: () => {
        // What is on the disk says that it is closed only once all the rest is there.
        if (!isPassing) sync(mapped);
        if (oracle.use(-1) === 0) {
          if (isPassing) rmSync(file);
          else sync(mapped);
        }
        mapped.unmap();
        closeSync(fd);
      },
    };
  } catch (error) {
    if (error instanceof NoKeptState) throw error;
    throw new NoKeptState(`${file} cannot be kept: ${messageOf(error)}`);
  }
}

/** The first instance makes it, beside its place: it appears whole. What it goes on from, or null. */
function makeOnce(file: string, input: KeptStateInput): string | null {
  if (existsSync(file)) return null;
  const { place, key, from } = input;
  const made = `${file}.${input.writer}`;
  rmSync(made, { force: true });
  let story: string | null = null;
  if (from === null) makeKeptFile(made, { ...place, key, boot: bootId() });
  else story = goOn(made, input, findState(from, place));
  try {
    linkSync(made, file);
  } catch (error) {
    // Another instance was first, or this one lives again.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    story = null;
  }
  rmSync(made);
  return story;
}

/** A copy of what a run before kept, with nothing in flight. */
function goOn(
  made: string,
  { place, isPowerLost: said }: KeptStateInput,
  { file, header }: KeptFile,
): string {
  const boot = bootId();
  const isPowerLost = said ?? header.boot !== boot;
  copyFileSync(file, made, constants.COPYFILE_FICLONE);
  const fd = openSync(made, 'r+');
  let mapped: Mapping;
  try {
    mapped = map(fd, place);
  } finally {
    closeSync(fd);
  }
  const oracle = oracleIn(mapped, place);
  const wasOpen = oracle.users > 0;
  const isBehind = wasOpen && header.boot !== boot;
  oracle.resume({ isPowerLost, isBehind });
  mapped.unmap();
  writeHeader(made, { ...place, key: header.key, boot });
  const facts = [
    ...(wasOpen ? ['that run was killed: what was in flight may have happened or not'] : []),
    ...(isPowerLost ? ['power was lost: what was not synced may be gone'] : []),
    ...(isBehind ? ['what it wrote last before the host went down may be unknown'] : []),
    ...(header.name === place.name ? [] : [`it was ${header.name} then`]),
    ...(place.identity !== null && isSame(header, place) === null
      ? ['nothing says that it is the same device, but what is on it']
      : []),
  ];
  return facts.length === 0 ? 'that run closed it' : facts.join('; ');
}

/** By the name of the target; else by its place among those of the actor: devices and mounts change their names. */
function findState(folder: string, place: Place): KeptFile {
  const all = keptFiles(folder);
  const found =
    all.find(({ header }) => header.name === place.name && header.from === place.from) ??
    all.find(({ header }) => header.index === place.index);
  if (found === undefined)
    throw new NoKeptState(
      `that run kept ${all.map(({ header }) => header.name).join(', ')}, not ${place.name}`,
    );
  const { header } = found;
  if (isSame(header, place) === false)
    throw new NoKeptState(`that run wrote to ${namesOf(header)}, and ${place.name} is ${namesOf(place)}`);
  for (const what of ['from', 'bytes', 'unitBytes'] as const) {
    if (header[what] === place[what]) continue;
    const named = { from: '"from"', bytes: '"size"', unitBytes: 'the smallest step of sizes and places' }[
      what
    ];
    throw new NoKeptState(`${named} was ${header[what]} bytes in that run and is ${place[what]} here`);
  }
  return found;
}

/** Null where nothing says it: there is no name of its own, or none that outlived the boot. */
function isSame(then: Header, now: Place): boolean | null {
  if (then.identity === null || now.identity === null) return null;
  const kinds: (keyof Identity)[] = then.boot === bootId() ? ['lasting', 'ofBoot'] : ['lasting'];
  let isSaid = false;
  for (const kind of kinds) {
    const [before, after] = [then.identity[kind], now.identity[kind]];
    if (before.some((id) => after.includes(id))) return true;
    isSaid ||= before.length > 0 && after.length > 0;
  }
  return isSaid ? false : null;
}

function namesOf({ name, identity }: Place): string {
  const [id = name] = [...(identity?.lasting ?? []), ...(identity?.ofBoot ?? [])];
  return id;
}

function oracleIn({ buffer }: Mapping, place: Place): Oracle {
  return new Oracle(buffer, unitsOf(place), { isKept: true, at: HEADER_BYTES });
}

function map(fd: number, place: Place): Mapping {
  const mapped = mapper()?.map(keptStateBytes(unitsOf(place)), MAP_SHARED, fd);
  if (mapped === undefined)
    throw new NoKeptState('to keep what was written where needs the optional package koffi on 64-bit Linux');
  if (typeof mapped === 'number') throw new Error(errnoName(mapped));
  return mapped;
}

function sync({ address, bytes }: Mapping): void {
  const result = fileIo()?.msync(address, bytes, MS_SYNC) ?? 0;
  if (result < 0) throw new NoKeptState(`what was written where is not on the disk: ${errnoName(result)}`);
}
