/** Block devices of a test's own, over a file in memory or as zram: made small, gone again in every outcome. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountName, sweepMounts } from './mounts.js';

/** Why there can be none here; null: there can. */
export function whyNoDevices(): string | null {
  if (process.platform !== 'linux') return 'loop devices are of Linux';
  if (process.getuid?.() !== 0) return 'attaching loop devices needs root';
  try {
    accessSync('/dev/loop-control', constants.W_OK);
    return null;
  } catch {
    return 'no loop devices here';
  }
}

export interface Loop {
  readonly path: string;
  readonly file: string;
}

export class Devices {
  readonly #folder: string;
  readonly #undo: (() => void)[] = [];

  /** Files lie in a tmpfs below the folder: a load on them wears nothing and disturbs nobody. */
  constructor(folder: string, mib = 160) {
    this.#folder = join(folder, 'ram');
    mkdirSync(this.#folder);
    sweepMounts();
    run('mount', ['-t', 'tmpfs', '-o', `size=${mib}M`, mountName(), this.#folder]);
    this.#undo.push(() => run('umount', ['-l', this.#folder]));
  }

  loop(name: string, mib = 64, ...flags: string[]): Loop {
    const file = join(this.#folder, name);
    writeFileSync(file, '');
    truncateSync(file, mib * 2 ** 20);
    return { path: this.attach(file, ...flags), file };
  }

  /** A loop device over whatever lies there. Others may be looking for a free one at the same time. */
  attach(file: string, ...flags: string[]): string {
    for (let tries = 1; ; tries++) {
      try {
        const path = run('losetup', ['-f', '--show', ...flags, file]).trim();
        this.#undo.push(() => run('losetup', ['-d', path]));
        return path;
      } catch (error) {
        if (tries === 20) throw error;
      }
    }
  }

  mount(device: string, name = 'mounted'): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    run('mount', [device, folder]);
    this.#undo.push(() => {
      if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${folder} `)) run('umount', [folder]);
    });
    return folder;
  }

  /** Null where the kernel has none to give. */
  zram(mib: number, memoryLimit = '0'): string | null {
    let number: string;
    try {
      number = readFileSync('/sys/class/zram-control/hot_add', 'utf8').trim();
    } catch {
      return null;
    }
    this.#undo.push(() => {
      writeFileSync(`/sys/block/zram${number}/reset`, '1');
      writeFileSync('/sys/class/zram-control/hot_remove', number);
    });
    writeFileSync(`/sys/block/zram${number}/disksize`, `${mib}M`);
    writeFileSync(`/sys/block/zram${number}/mem_limit`, memoryLimit);
    return `/dev/zram${number}`;
  }

  onRemove(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** All of it, whatever of it fails; then the first failure. */
  remove(): void {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0] as Error;
  }
}

export function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export function hasProgram(name: string): boolean {
  try {
    run('sh', ['-c', `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
}
