/**
 * What a bench makes outside memory, and its end in every outcome: when it is done, when it is interrupted (with the
 * processes that it started), and after SIGKILL at the next start of a bench, from a note written before each was made.
 * What of a forerunner cannot be removed is named. Root is needed for devices only.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { processStart } from '../../core/linux/procfs.js';
import { processTree } from './kernel-cpu.js';

/** Of one process each: whoever comes next looks whether it still lives. */
const NOTES = join(tmpdir(), 'brunt-bench-left');
const PREFIX = 'brunt-bench-';
const RETRIES = 50;
const RETRY_MS = 100;

/** Of devices: the number that the kernel gave this very one, so that a later one of the same name is never touched. */
export type Left =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'zram'; readonly number: string; readonly seq: string }
  | { readonly kind: 'loop'; readonly device: string; readonly seq: string };

interface Note {
  readonly pid: number;
  readonly start: number;
  readonly left: readonly Left[];
}

const kept = new Map<Left, () => void>();

/** To be removed by `remove` at the latest when this process ends; noted until then. */
export function keep(left: Left): { remove(): void } {
  const remove = (): void => {
    if (!kept.delete(left)) return;
    undo(left);
    note();
  };
  kept.set(left, remove);
  note();
  return { remove };
}

/** A new folder below that for temporary files, or another one. */
export function keepFolder(name: string, below = tmpdir()): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(below, `${PREFIX}${name}-`));
  return { path, ...keep({ kind: 'folder', path }) };
}

/** Devices go before the folders that hold them up: the last that was made goes first. */
function removeAll(): void {
  for (const remove of [...kept.values()].reverse()) {
    try {
      remove();
    } catch (error) {
      process.stderr.write(`left behind: ${messageOf(error)}\n`);
    }
  }
}

/** Called once by the program of the benches, before the first one: an interrupt leaves nothing either. */
export function guardLeftovers(): void {
  process.on('exit', removeAll);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => {
      // What is in use cannot be removed: those that use it are ours, and end first.
      for (const pid of processTree(process.pid).slice(1)) end(pid);
      process.exit(code);
    });
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

/** What benches that were killed have left: removed, and told in words, or why not. */
export function sweepLeftovers(): string[] {
  const told: string[] = [];
  const files = existsSync(NOTES) ? readdirSync(NOTES) : [];
  for (const file of files) {
    const path = join(NOTES, file);
    const { pid, start, left } = JSON.parse(readFileSync(path, 'utf8')) as Note;
    if (processStart(pid) === start) continue;
    const still = [...left].reverse().filter((each) => {
      try {
        if (undo(each))
          told.push(`removed ${nameOf(each)}, which a bench that was killed (process ${pid}) had left`);
        return false;
      } catch (error) {
        told.push(`${nameOf(each)} is left of a bench that was killed (process ${pid}): ${messageOf(error)}`);
        return true;
      }
    });
    if (still.length === 0) rmSync(path);
  }
  return told;
}

export function nameOf(left: Left): string {
  if (left.kind === 'folder') return left.path;
  return left.kind === 'zram' ? `/dev/zram${left.number}` : left.device;
}

export function seqOf(device: string): string {
  return readFileSync(`/sys/block/${device}/diskseq`, 'utf8').trim();
}

/** False when it is not there any more. */
function undo(left: Left): boolean {
  if (left.kind === 'folder') {
    if (!existsSync(left.path)) return false;
    for (const mount of mountsBelow(left.path)) execFileSync('umount', ['-l', mount], { stdio: 'pipe' });
    rmSync(left.path, { recursive: true, force: true });
    return true;
  }
  const name = left.kind === 'zram' ? `zram${left.number}` : left.device.replace('/dev/', '');
  if (!existsSync(`/sys/block/${name}/diskseq`) || seqOf(name) !== left.seq) return false;
  if (left.kind === 'loop') insist(() => execFileSync('losetup', ['-d', left.device], { stdio: 'pipe' }));
  else {
    insist(() => writeFileSync(`/sys/block/${name}/reset`, '1'));
    writeFileSync('/sys/class/zram-control/hot_remove', left.number);
  }
  return true;
}

/** The innermost first: what served them may be gone, and then nothing in them can be removed. */
function mountsBelow(folder: string): string[] {
  if (!existsSync('/proc/self/mounts')) return [];
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

/** Of a process that has ended the kernel closes what it had open, and ends what was in flight, a little later. */
function insist(remove: () => void): void {
  for (let left = RETRIES; ; left--) {
    try {
      remove();
      return;
    } catch (error) {
      if (left === 0) throw error;
      // Synchronous: the exit of this process waits for it too.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function note(): void {
  const path = join(NOTES, `${process.pid}.json`);
  if (kept.size === 0) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(NOTES, { recursive: true });
  const text: Note = { pid: process.pid, start: processStart(process.pid) ?? 0, left: [...kept.keys()] };
  writeFileSync(path, JSON.stringify(text));
}
