/**
 * A path to a block device in, what the kernel says of it out: its number, its size, its queue, and the names that mean
 * this very device and can never come to mean another. From sysfs, without opening it. Called by `inspect.ts` and `open.ts`.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import type { Identity } from '../storage/verify/kept-file.js';

const BY_ID = '/dev/disk/by-id';
const SEQUENCE_ID = 'diskseq:';
/** sysfs counts in these, whatever the device's own sectors are. */
const SYSFS_SECTOR = 512;
/** Of the kernel's name of this boot: disk sequences begin anew with each. */
const BOOT_DIGITS = 8;

export interface QueueFacts {
  /** The one in use. */
  readonly scheduler: string | null;
  readonly requests: number | null;
  /** Hardware queues, as the driver has them. */
  readonly queues: number | null;
  readonly isRotational: boolean | null;
  readonly writeCache: string | null;
  readonly fua: boolean | null;
  readonly discardGranularityBytes: number | null;
  readonly discardMaxBytes: number | null;
  readonly zoned: string | null;
}

export interface BlockDevice {
  /** As it was asked for. */
  readonly path: string;
  /** The kernel's name: "nvme0n1p2". */
  readonly name: string;
  /** "259:2". */
  readonly number: string;
  readonly sysfs: string;
  /** Its own and, of a whole disk, those of its partitions: sysfs folders by number. */
  readonly family: ReadonlyMap<string, string>;
  /** None of them can come to mean another device; the best first. */
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly isReadOnly: boolean;
  readonly isPartition: boolean;
  readonly model: string | null;
  /** Of a loop device. */
  readonly backingFile: string | null;
  /** The kernel's number of it since the boot; null before 5.15. */
  readonly diskSequence: number | null;
  readonly logicalBytes: number;
  readonly physicalBytes: number;
  readonly queue: QueueFacts;
}

/** The device, or why there is none. */
export async function readDevice(path: string): Promise<BlockDevice | string> {
  const number = await deviceNumber(path);
  if (number === null) return `${path} is no block device`;
  let sysfs: string;
  try {
    sysfs = await realpath(`/sys/dev/block/${number}`);
  } catch (error) {
    return `the kernel says nothing of ${path} in /sys: ${messageOf(error)}`;
  }
  const partition = await text(join(sysfs, 'partition'));
  const disk = partition === null ? sysfs : dirname(sysfs);
  const queue = join(disk, 'queue');
  const diskSequence = await count(join(disk, 'diskseq'));
  const backingFile = await text(join(disk, 'loop/backing_file'));
  const size = await count(join(sysfs, 'size'));
  if (size === null) return `the kernel does not say how large ${path} is`;
  const wwid = (await text(join(disk, 'wwid'))) ?? (await text(join(disk, 'device/wwid')));
  const ids = [
    ...(await linksTo(number)),
    ...(partition === null && wwid !== null ? [`wwid:${wwid}`] : []),
    // A file by that name may be gone, and another one may have come.
    ...(partition === null && backingFile?.startsWith('/') && !backingFile.endsWith(' (deleted)')
      ? [`loop:${backingFile}`]
      : []),
    ...(diskSequence === null ? [] : [await sequenceId(diskSequence, partition)]),
  ];
  return {
    path,
    name: basename(sysfs),
    number,
    sysfs,
    family: await familyOf(sysfs, number),
    ids,
    bytes: size * SYSFS_SECTOR,
    isReadOnly: (await text(join(sysfs, 'ro'))) === '1',
    isPartition: partition !== null,
    model: await text(join(disk, 'device/model')),
    backingFile,
    diskSequence,
    logicalBytes: (await count(join(queue, 'logical_block_size'))) ?? SYSFS_SECTOR,
    physicalBytes: (await count(join(queue, 'physical_block_size'))) ?? SYSFS_SECTOR,
    queue: await queueFacts(queue),
  };
}

/** "major:minor", null for what is no block device or not there. */
export async function deviceNumber(path: string): Promise<string | null> {
  const there = await stat(path, { bigint: true }).catch(() => null);
  return there?.isBlockDevice() === true ? numberText(there.rdev) : null;
}

/** Of a dev_t as glibc packs it. */
export function numberText(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffff_ffffn);
  return `${major}:${minor}`;
}

/** By which a later run knows it again. */
export function identityOf({ ids }: BlockDevice): Identity {
  const isOfBoot = (id: string): boolean => id.startsWith(SEQUENCE_ID);
  return { lasting: ids.filter((id) => !isOfBoot(id)), ofBoot: ids.filter(isOfBoot) };
}

/** For people: what it is, and where its data lies. */
export function describeDevice({ path, name, model, backingFile }: BlockDevice): string {
  const what = [model, backingFile === null ? null : `over ${backingFile}`].filter((part) => part !== null);
  const names = path === `/dev/${name}` ? path : `${path} (${name})`;
  return what.length === 0 ? names : `${names}, ${what.join(', ')}`;
}

export function describeFacts(device: BlockDevice): string {
  const { bytes, logicalBytes, physicalBytes, diskSequence, queue } = device;
  const known = (name: string, value: string | number | null): string[] =>
    value === null ? [] : [`${name} ${value}`];
  return [
    `${bytes} bytes`,
    `sectors ${logicalBytes}/${physicalBytes}`,
    ...known('scheduler', queue.scheduler),
    ...known('hardware queues', queue.queues),
    ...known('requests', queue.requests),
    ...(queue.isRotational === null ? [] : [queue.isRotational ? 'rotating' : 'not rotating']),
    ...known('write cache', queue.writeCache),
    ...(queue.fua === null ? [] : [queue.fua ? 'FUA' : 'no FUA']),
    ...known('discard granularity', queue.discardGranularityBytes),
    ...known('discard at most', queue.discardMaxBytes),
    ...known('zoned', queue.zoned),
    ...known('disk sequence', diskSequence),
  ].join(', ');
}

async function queueFacts(folder: string): Promise<QueueFacts> {
  const at = (name: string): Promise<string | null> => text(join(folder, name));
  const flag = async (name: string): Promise<boolean | null> => {
    const said = await at(name);
    return said === null ? null : said === '1';
  };
  const schedulers = await at('scheduler');
  return {
    scheduler: schedulers === null ? null : (/\[([^\]]+)\]/.exec(schedulers)?.[1] ?? schedulers),
    requests: await count(join(folder, 'nr_requests')),
    queues: await readdir(join(folder, '../mq')).then(
      ({ length }) => length,
      () => null,
    ),
    isRotational: await flag('rotational'),
    writeCache: await at('write_cache'),
    fua: await flag('fua'),
    discardGranularityBytes: await count(join(folder, 'discard_granularity')),
    discardMaxBytes: await count(join(folder, 'discard_max_bytes')),
    zoned: await at('zoned'),
  };
}

/** udev makes these of serial numbers and unique names; a link that points elsewhere by now is none of it. */
async function linksTo(number: string): Promise<string[]> {
  const names = await readdir(BY_ID).catch(() => []);
  const found: string[] = [];
  for (const name of names.sort()) {
    if ((await deviceNumber(join(BY_ID, name))) === number) found.push(join(BY_ID, name));
  }
  return found;
}

/** Counted up by the kernel with each disk that comes: of one boot, no two have the same. */
async function sequenceId(sequence: number, partition: string | null): Promise<string> {
  const boot = (await text('/proc/sys/kernel/random/boot_id')) ?? '';
  const id = `${SEQUENCE_ID}${sequence}:${boot.replaceAll('-', '').slice(0, BOOT_DIGITS)}`;
  return partition === null ? id : `${id}:p${partition}`;
}

async function familyOf(sysfs: string, number: string): Promise<Map<string, string>> {
  const family = new Map([[number, sysfs]]);
  for (const entry of await readdir(sysfs)) {
    if (!entry.startsWith(basename(sysfs))) continue;
    const part = await text(join(sysfs, entry, 'dev'));
    if (part !== null) family.set(part, join(sysfs, entry));
  }
  return family;
}

async function text(file: string): Promise<string | null> {
  const said = await readFile(file, 'utf8').catch(() => '');
  return said.trim() === '' ? null : said.trim();
}

async function count(file: string): Promise<number | null> {
  const said = await text(file);
  return said === null || !/^\d+$/.test(said) ? null : Number(said);
}
