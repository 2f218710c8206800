/**
 * Forks an agent on this host and is its link: envelopes over the IPC channel, beats, output as bounded lines, and
 * the end of the process as one answer. The only place that knows agents to be local processes.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { must } from '../base/assert.js';
import { BruntError } from '../base/errors.js';
import type { Envelope, FromAgent, ToAgent } from '../contract/messages.js';
import { atOrdinaryPriority } from '../linux/priority.js';
import { Envelopes } from './envelope.js';
import type { Link, LinkEnd } from './link.js';
import { readLines } from './output-lines.js';

/** Four beats fit in the shortest lease time (2 s): one late turn of the event loop costs nothing. */
const BEAT_MS = 500;
/** A process that a plugin left behind may hold the pipes open: output is waited for only so long after the end. */
const DRAIN_MS = 500;
/** Messages that came before anybody listened; an agent says little before it is told what to do. */
const EARLY_MAX = 64;

const PROGRAM = fileURLToPath(new URL('./main.js', import.meta.url));

export interface ForkInput {
  readonly run: string;
  readonly agent: string;
  /** Raised each time this agent is started anew: what an earlier life says is dropped. */
  readonly epoch: number;
}

/** Throws E_AGENT_START when the process cannot be made at all. */
export function forkAgent(input: ForkInput): Link {
  const args = [input.run, input.agent, String(input.epoch), String(process.pid)];
  const child = atOrdinaryPriority(() =>
    fork(PROGRAM, args, {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    }),
  );
  if (child.pid === undefined) {
    child.on('error', () => undefined); // told by the error below
    throw new BruntError({
      code: 'E_AGENT_START',
      message: `the process of agent ${input.agent} cannot be started`,
      place: { path: `agent ${input.agent}` },
      hint: 'Is the limit of processes or of memory reached? See `ulimit -a`.',
    });
  }
  return new LocalLink(child, child.pid, input);
}

class LocalLink implements Link {
  readonly agent: string;
  readonly pid: number;
  readonly closed: Promise<LinkEnd>;
  readonly #child: ChildProcess;
  readonly #envelopes: Envelopes<ToAgent, FromAgent>;
  readonly #listeners: ((body: FromAgent, envelope: Envelope<FromAgent>) => void)[] = [];
  readonly #outputs: ((stream: 'stdout' | 'stderr', text: string) => void)[] = [];
  readonly #early: Envelope<FromAgent>[] = [];
  #isOpen = true;

  constructor(child: ChildProcess, pid: number, input: ForkInput) {
    this.#child = child;
    this.agent = input.agent;
    this.pid = pid;
    this.#envelopes = new Envelopes(input);
    child.on('message', (message) => this.#receive(message));
    child.once('disconnect', () => this.#closeChannel());
    child.on('error', () => this.#closeChannel()); // a send that failed; the exit that follows tells why
    for (const stream of ['stdout', 'stderr'] as const) {
      readLines(must(child[stream], stream), (text) => this.#outputs.forEach((tell) => tell(stream, text)));
    }
    const beats = setInterval(() => this.send({ type: 'beat' }), BEAT_MS);
    this.closed = this.#end().finally(() => clearInterval(beats));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get dropped(): number {
    return this.#envelopes.refused;
  }

  send(body: ToAgent): boolean {
    if (!this.#isOpen) return false;
    this.#child.send(this.#envelopes.wrap(body), (error) => {
      if (error !== null) this.#closeChannel();
    });
    return true;
  }

  onMessage(listener: (body: FromAgent, envelope: Envelope<FromAgent>) => void): void {
    this.#listeners.push(listener);
    for (const envelope of this.#early.splice(0)) listener(envelope.body, envelope);
  }

  onOutput(listener: (stream: 'stdout' | 'stderr', text: string) => void): void {
    this.#outputs.push(listener);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(message: unknown): void {
    const envelope = this.#envelopes.open(message);
    if (envelope === null) return;
    if (this.#listeners.length === 0) {
      if (this.#early.length < EARLY_MAX) this.#early.push(envelope);
      return;
    }
    for (const listener of this.#listeners) listener(envelope.body, envelope);
  }

  #closeChannel(): void {
    this.#isOpen = false;
  }

  async #end(): Promise<LinkEnd> {
    const drained = once(this.#child, 'close');
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, string | null];
    this.#closeChannel();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, DRAIN_MS);
    });
    await Promise.race([drained, late]);
    clearTimeout(timer);
    return { code, signal };
  }
}
