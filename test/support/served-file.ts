/** A file that misbehaves as a test says, served by a process of its own (`programs/served-file.ts`). */
import type { ChildProcess } from 'node:child_process';
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mountName, sweepMounts } from './mounts.js';
import type { FromServed, ToServed } from './programs/served-file.js';

const PROGRAM = fileURLToPath(new URL('./programs/served-file.js', import.meta.url));

export type Told = Extract<FromServed, { type: 'told' }>;

/** Why there can be none here; null: there can. */
export function whyNotServed(): string | null {
  if (process.platform !== 'linux') return '/dev/fuse is of Linux';
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return null;
  } catch {
    return 'no /dev/fuse here';
  }
}

export class ServedFile {
  readonly path: string;
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.path = join(folder, 'disk');
    this.#server = server;
  }

  /** The folder is made. Rejects with the reason where it cannot be mounted. */
  static async open(folder: string, bytes: number): Promise<ServedFile> {
    sweepMounts();
    mkdirSync(folder);
    // In the name of this process: the server may be killed while the test goes on.
    const server = fork(PROGRAM, [folder, String(bytes), mountName()], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    });
    const [message] = (await once(server, 'message')) as [FromServed];
    const file = new ServedFile(folder, server);
    if (message.type !== 'failed') return file;
    await file.close();
    throw new Error(message.reason);
  }

  /** What it had been asked and had refused when it heard this. */
  async say(message: ToServed): Promise<Told> {
    const answer = once(this.#server, 'message') as Promise<[Told]>;
    this.#server.send(message);
    return (await answer)[0];
  }

  /** The server is gone at once, as by a SIGKILL; what was asked of it is answered by nobody. */
  async kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    this.#server.kill('SIGKILL');
    await once(this.#server, 'exit');
  }

  async close(): Promise<void> {
    spawnSync('umount', ['-l', this.#folder]);
    await this.kill();
  }
}
