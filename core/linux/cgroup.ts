/**
 * The control groups of this process: v1, v2, and both at once. Texts of /proc/self/cgroup and mountinfo in, the
 * groups from its own up to the mount's root out, and the tightest limit among them. Called by sensors and host facts.
 */
import { fieldOf, readText } from './procfs.js';

export type Controller = 'memory' | 'cpu' | 'pids';
/** Text of a file, null when there is none. Tests give recorded trees. */
export type ReadText = (path: string) => string | null;

/** The groups that bind this process for one controller: its own first, then every ancestor it can see. */
export interface Groups {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

interface Membership {
  readonly controllers: readonly string[];
  readonly path: string;
}

interface Mount {
  readonly version: 1 | 2;
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

export function findGroups(controller: Controller, read: ReadText = readText): Groups | null {
  const memberships = parseMemberships(read('/proc/self/cgroup') ?? '');
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  return inVersion1(controller, memberships, mounts) ?? inVersion2(controller, memberships, mounts, read);
}

/** Lines such as "4:memory:/a/b" (v1) and "0::/a/b" (v2, no controllers named). */
export function parseMemberships(text: string): Membership[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) return [];
    return [{ controllers: (match[1] ?? '').split(',').filter((c) => c !== ''), path: match[2] ?? '/' }];
  });
}

export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [own, filesystem] = line.split(' - ');
    const [type, , options] = (filesystem ?? '').split(' ');
    const [, , , root, point] = (own ?? '').split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || root === undefined || point === undefined) return [];
    const version = type === 'cgroup' ? 1 : 2;
    return [
      { version, root: unescape(root), point: unescape(point), options: (options ?? '').split(',') } as const,
    ];
  });
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

function inVersion1(
  controller: Controller,
  memberships: readonly Membership[],
  mounts: readonly Mount[],
): Groups | null {
  const membership = memberships.find((m) => m.controllers.includes(controller));
  const mount = mounts.find((m) => m.version === 1 && m.options.includes(controller));
  if (membership === undefined || mount === undefined) return null;
  return { version: 1, folders: foldersOf(mount, membership.path) };
}

function inVersion2(
  controller: Controller,
  memberships: readonly Membership[],
  mounts: readonly Mount[],
  read: ReadText,
): Groups | null {
  const membership = memberships.find((m) => m.controllers.length === 0);
  const mount = mounts.find((m) => m.version === 2);
  if (membership === undefined || mount === undefined) return null;
  // On a hybrid host the v2 tree exists but rules over nothing that v1 holds.
  const ruled = (read(`${mount.point}/cgroup.controllers`) ?? '').trim().split(' ');
  return ruled.includes(controller) ? { version: 2, folders: foldersOf(mount, membership.path) } : null;
}

/** Own folder first. In a container the mount shows only a part of the tree: what lies above it is out of sight. */
function foldersOf(mount: Mount, path: string): string[] {
  const isBelow = path === mount.root || path.startsWith(mount.root === '/' ? '/' : `${mount.root}/`);
  const below = !isBelow ? '' : mount.root === '/' ? path : path.slice(mount.root.length);
  const names = below.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, i) =>
    [mount.point, ...names.slice(0, names.length - i)].join('/'),
  );
}

/** A group with a memory limit, and where its usage is read. */
export interface MemoryGroup {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly limitBytes: number;
  readonly usageFile: string;
  readonly statFile: string;
}

/** v1 says "no limit" by a number near 2^63. */
const UNLIMITED = 2 ** 60;

function amountOf(text: string | null): number | null {
  const trimmed = (text ?? '').trim();
  if (!/^\d+$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return value >= UNLIMITED ? null : value;
}

/**
 * Every group above this process that has a memory limit, own first. In v2 that is the smaller of memory.max and
 * memory.high: beyond `high` the kernel lets a group hardly get on, so it is no room to be had.
 */
export function memoryGroups(groups: Groups | null, read: ReadText = readText): MemoryGroup[] {
  if (groups === null) return [];
  const isV1 = groups.version === 1;
  return groups.folders.flatMap((folder) => {
    const names = isV1 ? ['memory.limit_in_bytes'] : ['memory.max', 'memory.high'];
    const limits = names.map((name) => amountOf(read(`${folder}/${name}`))).filter((n) => n !== null);
    if (limits.length === 0) return [];
    return [
      {
        version: groups.version,
        folder,
        limitBytes: Math.min(...limits),
        usageFile: `${folder}/${isV1 ? 'memory.usage_in_bytes' : 'memory.current'}`,
        statFile: `${folder}/memory.stat`,
      },
    ];
  });
}

/** What a group can still take: its limit less what it uses; file pages that nobody touched lately are given up. */
export function groupAvailable(
  limitBytes: number,
  usage: string,
  stat: string,
  version: 1 | 2,
): number | null {
  const used = amountOf(usage);
  if (used === null) return null;
  const inactive = fieldOf(stat, version === 1 ? 'total_inactive_file' : 'inactive_file') ?? 0;
  return Math.max(0, limitBytes - Math.max(0, used - inactive));
}

/** A group with a quota of processor time. */
export interface QuotaGroup {
  readonly folder: string;
  readonly cores: number;
  readonly periodMs: number;
}

/** The group above this process whose quota is the tightest, own first; null when there is none. */
export function quotaGroup(groups: Groups | null, read: ReadText = readText): QuotaGroup | null {
  if (groups === null) return null;
  const found = groups.folders.flatMap((folder) => {
    const [quota, period] =
      groups.version === 2
        ? (read(`${folder}/cpu.max`) ?? '').trim().split(' ')
        : [read(`${folder}/cpu.cfs_quota_us`)?.trim(), read(`${folder}/cpu.cfs_period_us`)?.trim()];
    // "max" (v2) and -1 (v1) are no quota.
    const cores = Number(quota) / Number(period);
    return Number.isFinite(cores) && cores > 0 ? [{ folder, cores, periodMs: Number(period) / 1e3 }] : [];
  });
  return found.reduce<QuotaGroup | null>(
    (least, group) => (least === null || group.cores < least.cores ? group : least),
    null,
  );
}

/** Cores that the tightest quota grants, null when there is none. */
export function quotaCores(groups: Groups | null, read: ReadText = readText): number | null {
  return quotaGroup(groups, read)?.cores ?? null;
}

/** Groups above this process that bound its threads: how many there may be, and where their number is read. */
export function pidsGroups(
  groups: Groups | null,
  read: ReadText = readText,
): { readonly max: number; readonly currentFile: string }[] {
  return (groups?.folders ?? []).flatMap((folder) => {
    const max = amountOf(read(`${folder}/pids.max`));
    return max === null ? [] : [{ max, currentFile: `${folder}/pids.current` }];
  });
}

export interface Throttling {
  /** Enforcement periods so far, and those in which the group was held back. */
  readonly periods: number;
  readonly throttled: number;
  /** For how long in all, summed over processors. */
  readonly throttledNs: number;
}

/** The text of a group's cpu.stat; v1 counts in ns, v2 in µs. */
export function parseThrottling(stat: string): Throttling | null {
  const periods = fieldOf(stat, 'nr_periods');
  const throttled = fieldOf(stat, 'nr_throttled');
  if (periods === null || throttled === null) return null;
  const throttledUs = fieldOf(stat, 'throttled_usec');
  const throttledNs = throttledUs === null ? (fieldOf(stat, 'throttled_time') ?? 0) : throttledUs * 1e3;
  return { periods, throttled, throttledNs };
}
