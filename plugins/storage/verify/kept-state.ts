/**
 * An oracle in a file of the run's record instead of memory: mapped by all instances alike, so that it outlives them, a
 * SIGKILL at any instruction included. A later run opens a copy of it and goes on. The record's folder and the target
 * come in, an oracle and the stamps' key leave. Called by `workload/session.ts`.
 *
 * The file has one page of header, JSON and zeros, and then the oracle's memory. All of its room is taken when it is made:
 * a store into a mapped file on a full filesystem would end the process.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../core/base/errors.js';
import { errnoName } from '../../../core/linux/errno.js';
import { fileIo, MS_SYNC } from '../../../core/linux/file-io.js';
import type { Mapping } from '../../../core/linux/mapping.js';
import { MAP_SHARED, mapper } from '../../../core/linux/mapping.js';
import { Oracle } from './oracle.js';
import type { StampKey } from './stamp.js';

const VERSION = 1;
const HEADER_BYTES = 4096;
const EXTENSION = '.oracle';
const ZEROS = Buffer.alloc(2 ** 20);

/** What is written where: two states are of the same place when these are equal. */
export interface Place {
  readonly name: string;
  readonly from: number;
  readonly bytes: number;
  readonly unitBytes: number;
}

interface Header extends Place {
  readonly oracle: typeof VERSION;
  readonly key: StampKey;
  /** The kernel's name of the boot in which it was written; null where it does not say. */
  readonly boot: string | null;
}

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
}

export interface KeptState {
  readonly oracle: Oracle;
  readonly key: StampKey;
  /** What it goes on from, for the log; null where it begins. */
  readonly story: string | null;
  /** Writes it back; nothing of it may be touched any more. */
  close(): void;
}

/** What stands in the way, in one sentence for ctx.unavailable. */
export class NoKeptState extends Error {
  override name = 'NoKeptState';
}

/** Of the file, and of the memory once all of it is in use. */
export function keptStateBytes(units: number): number {
  return HEADER_BYTES + Oracle.bytes(units, true);
}

export function openKeptState(input: KeptStateInput): KeptState {
  const { folder, place } = input;
  const units = Math.ceil(place.bytes / place.unitBytes);
  const bytes = keptStateBytes(units);
  const file = join(folder, fileName(place));
  try {
    const story = makeOnce(file, input, bytes, units);
    const mapped = map(file, bytes);
    const { key } = readHeader(file);
    const oracle = new Oracle(mapped.buffer, units, { isKept: true, at: HEADER_BYTES });
    oracle.use(1);
    return {
      oracle,
      key,
      story,
      close: () => {
        // What is on the disk says that it is closed only once all the rest is there.
        sync(mapped);
        if (oracle.use(-1) === 0) sync(mapped);
        mapped.unmap();
      },
    };
  } catch (error) {
    if (error instanceof NoKeptState) throw error;
    throw new NoKeptState(`${file} cannot be kept: ${messageOf(error)}`);
  }
}

/** The first instance makes it, beside its place: it appears whole. What it goes on from, or null. */
function makeOnce(file: string, input: KeptStateInput, bytes: number, units: number): string | null {
  if (existsSync(file)) return null;
  const made = `${file}.${input.writer}`;
  rmSync(made, { force: true });
  let story: string | null = null;
  if (input.from === null) {
    takeRoom(made, bytes);
    const { place, key } = input;
    writeHeader(made, { oracle: VERSION, ...place, key, boot: bootId() });
  } else story = goOn(made, input, input.from, bytes, units);
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
function goOn(made: string, input: KeptStateInput, folder: string, bytes: number, units: number): string {
  const { place } = input;
  const { file, header } = findState(folder, place);
  const boot = bootId();
  const isPowerLost = input.isPowerLost ?? header.boot !== boot;
  copyFileSync(file, made, constants.COPYFILE_FICLONE);
  const mapped = map(made, bytes);
  const oracle = new Oracle(mapped.buffer, units, { isKept: true, at: HEADER_BYTES });
  const wasOpen = oracle.users > 0;
  const isBehind = wasOpen && header.boot !== boot;
  oracle.resume({ isPowerLost, isBehind });
  mapped.unmap();
  writeHeader(made, { ...header, name: place.name, boot });
  const facts = [
    ...(wasOpen ? ['that run was killed: what was in flight may have happened or not'] : []),
    ...(isPowerLost ? ['power was lost: what was not synced may be gone'] : []),
    ...(isBehind ? ['what it wrote last before the host went down may be unknown'] : []),
    ...(header.name === place.name ? [] : [`it was ${header.name} then`]),
  ];
  return facts.length === 0 ? 'that run closed it' : facts.join('; ');
}

/** By the name of the target; where the actor had one target only, by that: devices and mounts change their names. */
function findState(folder: string, place: Place): { file: string; header: Header } {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(EXTENSION));
  } catch {
    names = [];
  }
  const all = names.map((name) => ({ file: join(folder, name), header: readHeader(join(folder, name)) }));
  const found = all.find(({ header }) => header.name === place.name && header.from === place.from) ?? all[0];
  if (found === undefined || (all.length > 1 && found.header.name !== place.name))
    throw new NoKeptState(
      all.length === 0
        ? `that run kept nothing in ${folder}: it needs "verifyLater", and an actor of the same name`
        : `that run kept ${all.map(({ header }) => header.name).join(', ')}, not ${place.name}`,
    );
  const { header } = found;
  for (const what of ['from', 'bytes', 'unitBytes'] as const) {
    if (header[what] === place[what]) continue;
    const named = { from: '"from"', bytes: '"size"', unitBytes: 'the smallest step of sizes and places' }[
      what
    ];
    throw new NoKeptState(`${named} was ${header[what]} bytes in that run and is ${place[what]} here`);
  }
  return found;
}

function fileName({ name, from }: Place): string {
  return `${encodeURIComponent(name).slice(-100)}-${from}${EXTENSION}`;
}

function takeRoom(file: string, bytes: number): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    const result = fileIo()?.fallocate(fd, 0, 0, bytes) ?? -1;
    if (result >= 0) return;
    for (let at = 0; at < bytes; at += ZEROS.length)
      writeSync(fd, ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
  } finally {
    closeSync(fd);
  }
}

function writeHeader(file: string, header: Header): void {
  const page = Buffer.alloc(HEADER_BYTES);
  const text = JSON.stringify(header);
  if (page.write(text) < Buffer.byteLength(text)) throw new Error('the name of the target is too long');
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, page, 0, page.length, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readHeader(file: string): Header {
  const page = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, page, 0, page.length, 0);
  } finally {
    closeSync(fd);
  }
  const end = page.indexOf(0);
  const header = JSON.parse(page.toString('utf8', 0, end < 0 ? HEADER_BYTES : end)) as Header;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- from a disk
  if (header.oracle !== VERSION) throw new NoKeptState(`${file} is of another version`);
  return header;
}

function map(file: string, bytes: number): Mapping {
  const fd = openSync(file, 'r+');
  try {
    const mapped = mapper()?.map(bytes, MAP_SHARED, fd);
    if (mapped === undefined)
      throw new NoKeptState(
        'to keep what was written where needs the optional package koffi on 64-bit Linux',
      );
    if (typeof mapped === 'number') throw new Error(errnoName(mapped));
    return mapped;
  } finally {
    closeSync(fd);
  }
}

function sync({ address, bytes }: Mapping): void {
  const result = fileIo()?.msync(address, bytes, MS_SYNC) ?? 0;
  if (result < 0) throw new NoKeptState(`what was written where is not on the disk: ${errnoName(result)}`);
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
