/**
 * Breaks a limit again and again and watches from outside what becomes of the growth: a thread of its own, real-time
 * where allowed, that writes the memory figures which the run under test reads, and looks at the growing process every half
 * millisecond. It trusts nothing that brunt says. Started by `protection.ts` with a BreachInput; answers with Breach[].
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/base/assert.js';
import { MS, nowNs } from '../../core/base/clock.js';
import { randomFor } from '../../core/base/random.js';
import { RECALL_WORD } from '../../core/contract/recall.js';
import { libc } from '../../core/linux/libc.js';
import type { OpenedPage } from '../../core/linux/shared-page.js';
import { openSharedPage } from '../../core/linux/shared-page.js';
import { meminfoText } from './meminfo.js';

const MIB = 2 ** 20;
const LOOK_MS = 0.5;
/** A breach comes when so much has grown, and up to so much later: anywhere between two ticks of the guard. */
const GROWN_MIN_BYTES = 8 * MIB;
const JITTER_MS = 150;
/** How long the reading lies close to the bound before it crosses it: longer than any tick. */
const NEAR_MS = 300;
const GROW_MAX_MS = 20_000;
/** Given back, when so much of the growth is gone: the rest is what heap and threads come and go by. */
const GIVEN_BACK_SHARE = 0.7;
const GIVE_BACK_MAX_MS = 10_000;
/** Over is the giving back when the process has not become smaller for so long: what it has then is its base. */
const SETTLE_MS = 300;
const SMALLER_BYTES = MIB / 4;
const PEER_MAX_MS = 1500;
/** Growth that nobody stopped is ended here. */
const RSS_MAX_BYTES = 3 * 1024 * MIB;

/** jump: from far to beyond at once. near: from just before the bound. leak: eaten by the growth that is watched. */
export type BreachKind = 'jump' | 'near' | 'leak';

export interface BreachInput {
  readonly meminfo: string;
  /** What grows, and the run to end when it is not stopped. */
  readonly pid: number;
  readonly runPid: number;
  readonly kinds: readonly BreachKind[];
  readonly seed: number;
  readonly totalBytes: number;
  readonly farBytes: number;
  readonly boundBytes: number;
  readonly beyondBytes: number;
  /** What the leak may take of it before it is beyond by itself. */
  readonly leakRoomBytes: number;
  /** Output of the peer: when it grows, the peer has reacted. Null: there is none. */
  readonly peerLog: string | null;
}

export interface Breach {
  readonly kind: BreachKind;
  /** The growth that is stopped here began then. */
  readonly fromNs: number;
  /** It was seen to grow: when, and how much was resident. */
  readonly grownNs: number;
  readonly grownBytes: number;
  /** Just before and just after the figure beyond the bound was written. */
  readonly crossedNs: number;
  readonly writtenNs: number;
  /** Seen standing still as a process (state T), first and last; null: never seen so. */
  readonly frozenNs: number | null;
  readonly thawedNs: number | null;
  /** The guard had voided all credit (`core/contract/recall.ts`); null: never seen to, or there is no such page here. */
  readonly recalledNs: number | null;
  /** Each time that more was resident than ever since the crossing: instant and bytes. */
  readonly rises: readonly (readonly [number, number])[];
  readonly baseBytes: number;
  readonly crossedBytes: number;
  readonly mostBytes: number;
  readonly givenBackNs: number | null;
  readonly peerNs: number | null;
  /** The longest that this thread itself was away meanwhile. */
  readonly awayNs: number;
}

const input = workerData as BreachInput;
const random = randomFor(input.seed, 'breaches');
const idle = new Int32Array(new SharedArrayBuffer(4));
const meminfo = openSync(input.meminfo, 'r+');
const stat = openSync(`/proc/${input.pid}/stat`, 'r');
const statm = openSync(`/proc/${input.pid}/statm`, 'r');
const buffer = Buffer.alloc(512);
const recall = openRecall();

interface Look {
  readonly atNs: number;
  readonly isStopped: boolean;
  readonly bytes: number;
  readonly recalls: number;
}

const priority = libc()?.setFifo(1) === true;
const breaches: Breach[] = [];
/** What the process has when nothing is held. */
let base = look().bytes;
setAvailable(input.farBytes);
for (const kind of ['jump', ...input.kinds] as const) breaches.push(breakOnce(kind));
for (const fd of [meminfo, stat, statm]) closeSync(fd);
// The first one told how much the process holds when it holds nothing.
must(parentPort, 'parent port').postMessage({ priority, breaches: breaches.slice(1) });

function breakOnce(kind: BreachKind): Breach {
  const fromNs = nowNs();
  const baseBytes = base;
  const grown = watch(GROW_MAX_MS, ({ bytes }) => bytes > baseBytes + GROWN_MIN_BYTES);
  if (!grown) throw new Error(`nothing grew within ${GROW_MAX_MS} ms`);
  const { atNs: grownNs, bytes: grownBytes } = look();
  watch(random() * JITTER_MS, () => false);
  if (kind === 'near') {
    setAvailable(input.boundBytes + 0.01 * input.totalBytes);
    watch(NEAR_MS, () => false);
  }
  const peerBytes = peerLogBytes();
  const crossing = kind === 'leak' ? eatenUp() : cross();
  return {
    kind,
    fromNs,
    grownNs,
    grownBytes,
    baseBytes,
    ...crossing,
    ...follow(baseBytes, crossing, peerBytes),
  };
}

type Crossing = Pick<Breach, 'crossedNs' | 'writtenNs' | 'crossedBytes'> & { readonly recallsBefore: number };

function cross(): Crossing {
  const { bytes } = look();
  const recallsBefore = recallsNow();
  const crossedNs = nowNs();
  setAvailable(input.beyondBytes);
  return { crossedNs, writtenNs: nowNs(), crossedBytes: bytes, recallsBefore };
}

/** What the process takes is missing from what is available, as on a machine of which it is the only load. */
function eatenUp(): Crossing {
  const from = look().bytes;
  for (;;) {
    const { bytes } = look();
    const left = input.boundBytes + input.leakRoomBytes - Math.max(0, bytes - from);
    const [crossedNs, recallsBefore] = [nowNs(), recallsNow()];
    setAvailable(left);
    if (left < input.boundBytes) return { crossedNs, writtenNs: nowNs(), crossedBytes: bytes, recallsBefore };
    Atomics.wait(idle, 0, 0, LOOK_MS);
  }
}

interface Course {
  frozenNs: number | null;
  thawedNs: number | null;
  recalledNs: number | null;
  readonly rises: [number, number][];
  mostBytes: number;
  givenBackNs: number | null;
  peerNs: number | null;
  awayNs: number;
}

/** From the crossing until all is given back and, where there is a peer, that has reacted too. */
function follow(
  baseBytes: number,
  { crossedNs, crossedBytes, recallsBefore }: Crossing,
  peerBytes: number,
): Course {
  const course: Course = {
    frozenNs: null,
    thawedNs: null,
    recalledNs: null,
    rises: [],
    mostBytes: crossedBytes,
    givenBackNs: null,
    peerNs: null,
    awayNs: 0,
  };
  let [lastNs, least, fellNs] = [crossedNs, Infinity, crossedNs];
  const isOver = watch(GIVE_BACK_MAX_MS, (seen) => {
    course.awayNs = Math.max(course.awayNs, seen.atNs - lastNs);
    if (seen.bytes < least - SMALLER_BYTES) fellNs = seen.atNs;
    [lastNs, least] = [seen.atNs, Math.min(least, seen.bytes)];
    note(course, baseBytes, seen);
    if (seen.recalls > recallsBefore) course.recalledNs ??= seen.atNs;
    if (course.peerNs === null && peerLogBytes() > peerBytes) course.peerNs = seen.atNs;
    const { givenBackNs, peerNs } = course;
    if (givenBackNs === null || seen.atNs - fellNs < SETTLE_MS * MS) return false;
    return input.peerLog === null || peerNs !== null || seen.atNs - crossedNs > PEER_MAX_MS * MS;
  });
  if (!isOver) throw new Error(`growth was not given back within ${GIVE_BACK_MAX_MS} ms of a breach`);
  base = least;
  setAvailable(input.farBytes);
  return course;
}

function note(course: Course, baseBytes: number, { atNs, isStopped, bytes }: Look): void {
  if (isStopped) {
    course.frozenNs ??= atNs;
    course.thawedNs = atNs;
  }
  if (bytes > course.mostBytes) {
    course.mostBytes = bytes;
    course.rises.push([atNs, bytes]);
  }
  const grown = course.mostBytes - baseBytes;
  if (bytes < course.mostBytes - GIVEN_BACK_SHARE * grown) course.givenBackNs ??= atNs;
}

/** Looks until it says yes, or for so long; says whether it did. */
function watch(waitMs: number, isOver: (look: Look) => boolean): boolean {
  const endNs = nowNs() + waitMs * MS;
  for (;;) {
    const seen = look();
    if (isOver(seen)) return true;
    if (seen.bytes > RSS_MAX_BYTES) {
      process.kill(input.runPid, 'SIGKILL');
      throw new Error(`the growth was not stopped at ${RSS_MAX_BYTES / MIB} MiB`);
    }
    if (nowNs() > endNs) return false;
    Atomics.wait(idle, 0, 0, LOOK_MS);
  }
}

function look(): Look {
  const text = read(stat);
  const state = text[text.lastIndexOf(')') + 2];
  const bytes = Number(read(statm).split(' ')[1]) * 4096;
  return { atNs: nowNs(), isStopped: state === 'T', bytes, recalls: recallsNow() };
}

function recallsNow(): number {
  return recall === null ? 0 : Atomics.load(recall.words, RECALL_WORD.count);
}

/** The page that the process shares with its guard, found among its descriptors. */
function openRecall(): OpenedPage | null {
  const folder = `/proc/${input.pid}/fd`;
  const fd = readdirSync(folder).find((name) => linkOf(join(folder, name)).includes('memfd:brunt-recall'));
  return fd === undefined ? null : openSharedPage(input.pid, Number(fd));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed since the folder was read
  }
}

function read(fd: number): string {
  return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
}

function setAvailable(bytes: number): void {
  writeSync(meminfo, meminfoText(input.totalBytes, Math.max(0, bytes)), 0);
}

function peerLogBytes(): number {
  return input.peerLog === null ? 0 : statSync(input.peerLog).size;
}
