/**
 * A file whose disk can be told to misbehave: `programs/fault-disk.ts` behind nbdfuse (Debian: libnbd-bin), so that any
 * program can be pointed at it. Root or FUSE for everybody is needed; null with the reason otherwise.
 */
import type { ChildProcess } from 'node:child_process';
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FromDisk, ToDisk } from './programs/fault-disk.js';
import { keepFolder } from './leftovers.js';

const PROGRAM = fileURLToPath(new URL('./programs/fault-disk.js', import.meta.url));
const MOUNT_TRIES = 100;

export type Told = Extract<FromDisk, { type: 'told' }>;

export class FaultFile {
  /** For programs to open. */
  readonly path: string;
  readonly folder: string;
  readonly #disk: ChildProcess;
  readonly #fuse: ChildProcess;

  readonly #kept: { remove(): void };

  private constructor(
    kept: ReturnType<typeof keepFolder>,
    path: string,
    disk: ChildProcess,
    fuse: ChildProcess,
  ) {
    this.#kept = kept;
    this.folder = kept.path;
    this.path = path;
    this.#disk = disk;
    this.#fuse = fuse;
  }

  static async open(bytes: number): Promise<FaultFile | string> {
    if (spawnSync('nbdfuse', ['--version']).error !== undefined)
      return 'nbdfuse is not here (Debian: libnbd-bin)';
    const kept = keepFolder('disk');
    const [socket, mount] = [join(kept.path, 'socket'), join(kept.path, 'mount')];
    mkdirSync(mount);
    const disk = fork(PROGRAM, [socket, String(bytes)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(disk, 'message');
    const path = join(mount, 'nbd');
    const fuse = spawn('nbdfuse', [path, `nbd+unix:///?socket=${socket}`], { stdio: 'ignore' });
    const file = new FaultFile(kept, path, disk, fuse);
    for (let tries = 0; tries < MOUNT_TRIES; tries++) {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === bytes) return file;
      if (fuse.exitCode !== null) break;
      await sleep(50);
    }
    await file.close();
    return 'nbdfuse could not mount (it needs /dev/fuse)';
  }

  say(message: ToDisk): void {
    this.#disk.send(message);
  }

  async tell(): Promise<Told> {
    const answer = once(this.#disk, 'message') as Promise<[Told]>;
    this.say({ type: 'tell' });
    return (await answer)[0];
  }

  async close(): Promise<void> {
    spawnSync('fusermount3', ['-u', '-z', join(this.folder, 'mount')]);
    if (this.#fuse.exitCode === null && this.#fuse.signalCode === null) {
      this.#fuse.kill();
      await once(this.#fuse, 'exit');
    }
    this.#disk.kill();
    this.#kept.remove();
  }
}
