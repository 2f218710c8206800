/**
 * The device of one instance, opened: for this process alone where it is written to or verified, and looked at once more,
 * since the plan may be old. What must not be is `unavailable`, with the reason. Called by `index.ts`.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { messageOf } from '../../core/base/errors.js';
import { blockDevices } from '../../core/linux/block-device.js';
import { fileIo } from '../../core/linux/file-io.js';
import { errnoName } from '../../core/linux/errno.js';
import { isWriting } from '../storage/workload/options.js';
import type { BlockDevice } from './device.js';
import { numberText, readDevice } from './device.js';
import type { BlockOptions } from './inspect.js';
import { isAlone, partFaults } from './inspect.js';
import { findSignatures } from './signatures.js';
import { usesOf } from './uses.js';

export interface OpenContext {
  /** As of the actor's context. */
  readonly erasable: readonly string[];
  unavailable(reason: string): never;
}

export interface OpenedDevice {
  readonly fd: number;
  /**
   * What makes the device this process's alone, where this instance was the first to ask. Others may work on when this
   * one is done: it stays open until the agent ends.
   */
  readonly claim: number | null;
  readonly device: BlockDevice;
}

export async function openDevice(options: BlockOptions, ctx: OpenContext): Promise<OpenedDevice> {
  const { O_RDONLY, O_RDWR, O_DIRECT } = constants;
  const [isOurs, isErasing] = [isAlone(options), isWriting(options)];
  let claim: number | null = null;
  let fd: number | null = null;
  try {
    if (isOurs) claim = claimFor(options.device);
    fd = openSync(options.device, (isErasing ? O_RDWR : O_RDONLY) | (options.direct ? O_DIRECT : 0));
    const device = await readDevice(options.device);
    if (typeof device === 'string') throw new Error(device);
    let reason = againstIt(fd, device, options);
    if (isOurs) reason ??= (await usesOf(device))[0] ?? null;
    if (isErasing) reason ??= await againstErasing(device, ctx);
    if (reason !== null) throw new Error(reason);
    return { fd, claim, device };
  } catch (error) {
    for (const open of [fd, claim]) if (open !== null) closeSync(open);
    return ctx.unavailable(`${options.device} is not worked on: ${messageOf(error)}`);
  }
}

/** Nobody else opens with both: by these a claim is told from what reads. */
const CLAIM_MARK = constants.O_NONBLOCK | constants.O_NOATIME;

/**
 * O_EXCL, which the kernel gives to one descriptor at a time. Null where another instance of this process has it: the
 * device is this process's alone all the same. Throws where somebody else has it.
 */
function claimFor(path: string): number | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_EXCL | CLAIM_MARK);
    const kept = fileIo()?.keepOpen(fd) ?? -1;
    // Without: as long as the thread of this instance.
    if (kept < 0) return fd;
    closeSync(fd);
    return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || !isClaimedHere(path)) throw error;
    return null;
  }
}

function isClaimedHere(path: string): boolean {
  const { rdev } = statSync(path);
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      const there = fstatSync(Number(fd));
      if (!there.isBlockDevice() || there.rdev !== rdev) return false;
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
      return (parseInt(flags ?? '0', 8) & CLAIM_MARK) === CLAIM_MARK;
    } catch {
      return false; // closed meanwhile, as the one that listed them is
    }
  });
}

/** What is open must be what sysfs was read of, and be as large as the plan takes it to be. */
function againstIt(fd: number, device: BlockDevice, options: BlockOptions): string | null {
  if (numberText(fstatSync(fd, { bigint: true }).rdev) !== device.number)
    return 'another device has come under its name';
  const facts = blockDevices()?.facts(fd);
  if (typeof facts === 'number') return `it does not say what it is (${errnoName(facts)})`;
  if (facts !== undefined && facts.diskSequence !== null && facts.diskSequence !== device.diskSequence)
    return `another device has come under its name: disk ${facts.diskSequence}, not ${device.diskSequence}`;
  if (facts !== undefined && facts.bytes !== device.bytes)
    return `it says that it has ${facts.bytes} bytes, and /sys says ${device.bytes}`;
  const [fault] = partFaults(device, options);
  return fault?.message ?? null;
}

async function againstErasing(device: BlockDevice, { erasable }: OpenContext): Promise<string | null> {
  if (!device.ids.some((id) => erasable.includes(id)))
    return `it is ${device.ids.join(', ')}, and the plan may destroy ${erasable.join(', ') || 'nothing'}`;
  if (device.isReadOnly) return 'it is read-only';
  let handle: FileHandle;
  try {
    handle = await open(device.path, constants.O_RDONLY);
  } catch (error) {
    return messageOf(error);
  }
  try {
    const found = await findSignatures(handle, device.bytes);
    return found.length === 0 ? null : `it carries ${found.join(', ')}`;
  } finally {
    await handle.close();
  }
}
