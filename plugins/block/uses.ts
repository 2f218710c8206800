/**
 * Who uses a device: mounts, swap, and what is built upon it or upon one of its partitions. A device in, a sentence for
 * each use out; none: nobody whom the kernel tells of. Called by `inspect.ts` and `open.ts`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BlockDevice } from './device.js';
import { deviceNumber } from './device.js';

export async function usesOf(device: BlockDevice): Promise<string[]> {
  const found = await Promise.all([mounts(device), swaps(device), holders(device), loops(device)]);
  const parts = [...device.family.values()]
    .filter((sysfs) => sysfs !== device.sysfs)
    .map((sysfs) => basename(sysfs));
  return [...found.flat(), ...(parts.length > 0 ? [`it has partitions: ${parts.join(', ')}`] : [])];
}

/** By number; and by name, since some filesystems (btrfs) show numbers of their own. */
async function mounts({ family }: BlockDevice): Promise<string[]> {
  const found: string[] = [];
  for (const line of await lines('/proc/self/mountinfo')) {
    const [own = '', beyond = ''] = line.split(' - ');
    const [, , number = '', , folder = ''] = own.split(' ');
    const source = unescaped(beyond.split(' ')[1] ?? '');
    const isOurs = family.has(number) || (await isOf(family, source));
    if (isOurs) found.push(`it is mounted on ${unescaped(folder)}`);
  }
  return found;
}

async function swaps({ family }: BlockDevice): Promise<string[]> {
  const found: string[] = [];
  for (const line of (await lines('/proc/swaps')).slice(1)) {
    const file = unescaped(line.split(/\s/)[0] ?? '');
    if (await isOf(family, file)) found.push(`it is swapped to (${file})`);
  }
  return found;
}

/** RAID, device mapper (LVM, LUKS), bcache. */
async function holders({ family }: BlockDevice): Promise<string[]> {
  const found: string[] = [];
  for (const sysfs of family.values()) {
    const names = await readdir(join(sysfs, 'holders')).catch(() => []);
    if (names.length > 0) found.push(`${basename(sysfs)} is held by ${names.join(', ')}`);
  }
  return found;
}

/** Loop devices whose file is this device. */
async function loops({ family }: BlockDevice): Promise<string[]> {
  const found: string[] = [];
  const names = await readdir('/sys/block').catch(() => []);
  for (const name of names.filter((one) => one.startsWith('loop'))) {
    const [file = ''] = await lines(`/sys/block/${name}/loop/backing_file`);
    if (await isOf(family, file)) found.push(`it is behind ${name}`);
  }
  return found;
}

async function isOf(family: BlockDevice['family'], file: string): Promise<boolean> {
  if (!file.startsWith('/')) return false;
  const number = await deviceNumber(file);
  return number !== null && family.has(number);
}

async function lines(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** The kernel writes blanks in names as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
