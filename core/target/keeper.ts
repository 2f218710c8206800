/**
 * The program that keeps a target, forked by `target.ts` with the pid of the orchestrator: starts the command in a
 * group of its own, and ends it with everything it started when told to, or when the orchestrator is gone. Arms the
 * kernel to end the command should this process be killed first.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { DeadMansSwitch } from '../agent/switch.js';
import { libc } from '../linux/libc.js';
import { endTree, killTree } from './ending.js';
import { findExecutable } from './executable.js';
import type { FromKeeper, ToKeeper } from './messages.js';
import { reapOrphans } from './orphans.js';

/** Silence of the orchestrator for so long ends the target; its agents have ended long before. */
const LEASE_MS = 10_000;
const TRY_MAX_MS = 2000;
const REAP_MS = 200;
/** In front of a command: makes the kernel kill it when the thread that started it, this one, is gone. */
const DEATH_SIGNAL = ['--pdeathsig', 'KILL', '--'];

let target: ChildProcess | null = null;

function tell(message: FromKeeper, then: () => void = () => undefined): void {
  // A send that fails means a closed channel, which the switch hears of by itself.
  if (process.connected) process.send?.(message, undefined, {}, then);
  else then();
}

function start({ command, cwd, env: added }: ToKeeper & { type: 'start' }, alarm: boolean): void {
  const env = { ...process.env, ...added };
  const [name = '', ...args] = command;
  const file = findExecutable(name, cwd, env['PATH']);
  const fault = faultOf(name, file, cwd);
  if (fault !== null || file === null)
    return tell({ type: 'failed', ...fault, reason: fault?.reason ?? name });
  const adopts = libc()?.adoptOrphans() ?? false;
  const prefix = deathSignal();
  const [program = file, ...rest] = [...prefix, file, ...args];
  // `detached`: a session and group of its own, which a Ctrl-C at the terminal does not reach.
  const child = spawn(program, rest, { cwd, env, detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
  const { pid } = child;
  child.once('error', (error) => {
    if (pid === undefined) tell({ type: 'failed', reason: messageOf(error) });
  });
  child.once('exit', (code, signal) => tell({ type: 'ended', code, signal }));
  if (pid === undefined) return;
  target = child;
  if (adopts) setInterval(() => reapOrphans(pid), REAP_MS).unref();
  tell({ type: 'started', pid, armed: { deathSignal: prefix.length > 0, adopts, alarm } });
}

function faultOf(name: string, file: string | null, cwd: string): { reason: string; hint: string } | null {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return { reason: `there is no folder "${cwd}"`, hint: 'The command is started in it.' };
  }
  if (file !== null) return null;
  return {
    reason: `"${name}" is not a program that can be run`,
    hint: 'A name is looked for along PATH, a path starts from the folder of the scenario.',
  };
}

/** Empty where the program is missing, or is one that does not know the option. */
function deathSignal(): string[] {
  const file = findExecutable('setpriv', '/', process.env['PATH']);
  if (file === null) return [];
  const tried = spawnSync(file, [...DEATH_SIGNAL, file, '--version'], {
    timeout: TRY_MAX_MS,
    stdio: 'ignore',
  });
  return tried.status === 0 ? [file, ...DEATH_SIGNAL] : [];
}

async function stop(deadMan: DeadMansSwitch): Promise<void> {
  const pid = target?.pid;
  const left = pid === undefined ? [] : await endTree(process.pid, pid);
  deadMan.disarm();
  tell({ type: 'gone', left }, () => process.exit(0));
}

/** Nobody is there any more who could ask the target to end in order. */
async function abandon(): Promise<void> {
  const pid = target?.pid;
  if (pid !== undefined) await killTree(process.pid, pid);
  process.kill(process.pid, 'SIGKILL');
}

function main(): void {
  const [parent = ''] = process.argv.slice(2);
  // Terminal signals reach the whole group; it is the orchestrator that decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const deadMan = new DeadMansSwitch(Number(parent), () => void abandon());
  deadMan.setLease(LEASE_MS);
  const alarm = deadMan.arm();
  process.on('message', (message) => {
    deadMan.heard();
    const told = message as ToKeeper;
    if (told.type === 'start') start(told, alarm);
    else if (told.type === 'stop') void stop(deadMan);
  });
}

main();
