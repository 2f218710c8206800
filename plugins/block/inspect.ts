/**
 * Whether a device may be worked on as the options say, and what of it would be gone afterwards: looked at when the plan
 * is made (`index.ts`), and once more when it is opened (`open.ts`). Changes nothing.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/base/errors.js';
import { formatQuantity } from '../../core/base/units.js';
import type { Inspection, OptionFault } from '../../core/contract/index.js';
import { keptFaults } from '../storage/verify/kept-file.js';
import type { WorkloadOptions } from '../storage/workload/options.js';
import { isWriting, largestOf, unitOf, workedOn } from '../storage/workload/options.js';
import type { BlockDevice } from './device.js';
import { describeDevice, readDevice } from './device.js';
import { findSignatures } from './signatures.js';
import { usesOf } from './uses.js';

/** Somebody who only looks has it for some milliseconds. */
const ALONE_TRIES = 10;
const ALONE_WAIT_MS = 20;

export type BlockOptions = WorkloadOptions & {
  readonly device: string;
  readonly from: number;
  readonly size?: number;
};

/** What of a device is worked on. */
export interface Part {
  readonly from: number;
  readonly bytes: number;
}

export async function inspectDevice(options: BlockOptions, actor: string): Promise<Inspection> {
  if (process.platform !== 'linux') return refused('block devices are worked on under Linux only');
  const device = await readDevice(options.device);
  if (typeof device === 'string') return refused(device);
  const faults = [...partFaults(device, options), ...keptFaults(options, actor)];
  const works = [
    workedOn(options, { what: `device ${device.number}`, ...partOf(device, options), path: ['device'] }),
  ];
  if (!isAlone(options)) return { faults, destroys: [], works };
  const reasons = [...(await usesOf(device)), ...(await contents(device, isWriting(options)))];
  const against = reasons.map((reason) => ({ path: ['device'], message: `${options.device}: ${reason}` }));
  const destroys = isWriting(options) ? [destroyed(device, options)] : [];
  return { faults: [...faults, ...against], destroys, works };
}

/**
 * Nobody else may use it meanwhile: what is written to it would be destroyed, and what another wrote meanwhile would be
 * told as an error of the device.
 */
export function isAlone(options: BlockOptions): boolean {
  return isWriting(options) || options.verifyFrom !== undefined;
}

export function partOf(device: BlockDevice, { from, size }: BlockOptions): Part {
  return { from, bytes: size ?? Math.max(0, device.bytes - from) };
}

/** What of the sizes and places does not fit the device, with its figures. */
export function partFaults(device: BlockDevice, options: BlockOptions): OptionFault[] {
  const { direct, from, size } = options;
  const { bytes, logicalBytes } = device;
  const faults: OptionFault[] = [];
  const part = partOf(device, options);
  if (from + part.bytes > bytes)
    faults.push({
      path: [size === undefined ? 'from' : 'size'],
      message: `${options.device} has ${bytes} bytes; ${part.bytes} from ${from} on end at ${from + part.bytes}`,
      seen: size ?? from,
    });
  else if (largestOf(options) > part.bytes)
    faults.push({
      path: ['blockSize'],
      message: `a block of ${largestOf(options)} bytes is larger than the ${part.bytes} bytes to work on`,
    });
  const unit = unitOf(options);
  const isBlockwise = direct || (options.mix?.trim ?? 0) > 0;
  if (isBlockwise && (unit % logicalBytes !== 0 || from % logicalBytes !== 0))
    faults.push({
      path: [unit % logicalBytes === 0 ? 'from' : options.align === undefined ? 'blockSize' : 'align'],
      message: `${options.device} has sectors of ${logicalBytes} bytes; these sizes and offsets are multiples of ${unit}, from ${from} on`,
      seen: unit % logicalBytes === 0 ? from : unit,
    });
  return faults;
}

/** What says that it cannot be had for this alone; and that somebody's data is on it, where that would be erased. */
async function contents(device: BlockDevice, isErasing: boolean): Promise<string[]> {
  if (device.bytes === 0) return ['it has no bytes: nothing is attached'];
  const reasons = isErasing && device.isReadOnly ? ['it is read-only'] : [];
  try {
    const handle = await openAlone(device.path);
    try {
      const found = !isErasing ? [] : await findSignatures(handle, device.bytes);
      if (found.length > 0)
        reasons.push(
          `it carries ${found.join(', ')}; if that is not needed any more, "wipefs -a" takes it away`,
        );
    } finally {
      await handle.close();
    }
  } catch (error) {
    const isHeld = (error as NodeJS.ErrnoException).code === 'EBUSY';
    reasons.push(isHeld ? 'somebody has it for himself (EBUSY)' : `it cannot be read: ${messageOf(error)}`);
  }
  return reasons;
}

/**
 * O_EXCL: refused by the kernel as long as anybody else has it for himself, seen from here or not. Who only looks, as this
 * does, as udev and a plan that is being made at the same time do, is waited for a moment.
 */
async function openAlone(path: string): Promise<FileHandle> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(path, constants.O_RDONLY | constants.O_EXCL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === ALONE_TRIES) throw error;
      await sleep(ALONE_WAIT_MS);
    }
  }
}

function destroyed(device: BlockDevice, options: BlockOptions): Inspection['destroys'][number] {
  const { from, bytes } = partOf(device, options);
  const size = formatQuantity(device.bytes, 'bytes');
  const part =
    from === 0 && bytes === device.bytes
      ? 'all of it'
      : `${formatQuantity(bytes, 'bytes')} from byte ${from} on`;
  return { ids: device.ids, text: `${describeDevice(device)}, ${size}, ${part}`, path: ['device'] };
}

function refused(message: string): Inspection {
  return { faults: [{ path: ['device'], message }], destroys: [] };
}
