/**
 * Forks an agent on this host and is its link: envelopes over the IPC channel, beats, output as bounded lines, and
 * the end of the process as one answer. The only place that knows agents to be local processes.
 */
import type { ChildProcess } from 'node:child_process';
import { fork as forkProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { must } from '../base/assert.js';
import { BruntError } from '../base/errors.js';
import type { Envelope, FromAgent, ToAgent } from '../contract/messages.js';
import { atOrdinaryPriority } from '../linux/priority.js';
import type { Conversation } from './envelope.js';
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

/** What an agent is called as long as nobody knows whose it will be. */
const SPARE: Conversation = { run: '', agent: 'spare', epoch: 0 };

/**
 * An agent that boots while the plan is still being made; `join` tells it whose it is. Whoever forks it ends it. Until
 * then it keeps nobody alive: a program that has nothing else to do ends, and the agent with it.
 */
export function forkSpare(): Link {
  const spare = fork(SPARE);
  spare.unref();
  return spare;
}

/** Throws E_AGENT_START when the process cannot be made at all. */
export function forkAgent(input: Conversation): Link {
  return fork(input);
}

function fork(input: Conversation): LocalLink {
  const args = [input.run, input.agent, String(input.epoch), String(process.pid)];
  const child = atOrdinaryPriority(() =>
    forkProcess(PROGRAM, args, {
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
  readonly pid: number;
  readonly closed: Promise<LinkEnd>;
  readonly #child: ChildProcess;
  readonly #beats: NodeJS.Timeout;
  readonly #envelopes: Envelopes<ToAgent, FromAgent>;
  readonly #listeners: ((body: FromAgent, envelope: Envelope<FromAgent>) => void)[] = [];
  readonly #outputs: ((stream: 'stdout' | 'stderr', text: string) => void)[] = [];
  readonly #early: Envelope<FromAgent>[] = [];
  #isOpen = true;

  constructor(child: ChildProcess, pid: number, input: Conversation) {
    this.#child = child;
    this.pid = pid;
    this.#envelopes = new Envelopes(input);
    child.on('message', (message) => this.#receive(message));
    child.once('disconnect', () => this.#closeChannel());
    child.on('error', () => this.#closeChannel()); // a send that failed; the exit that follows tells why
    for (const stream of ['stdout', 'stderr'] as const) {
      readLines(must(child[stream], stream), (text) => this.#outputs.forEach((tell) => tell(stream, text)));
    }
    this.#beats = setInterval(() => this.send({ type: 'beat' }), BEAT_MS);
    this.closed = this.#end().finally(() => clearInterval(this.#beats));
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

  join(conversation: Conversation): void {
    this.#handles().forEach((handle) => handle.ref());
    this.send({ type: 'join', ...conversation });
    this.#envelopes.join(conversation);
  }

  onMessage(listener: (body: FromAgent, envelope: Envelope<FromAgent>) => void): void {
    this.#listeners.push(listener);
    for (const envelope of this.#early.splice(0)) listener(envelope.body, envelope);
  }

  onOutput(listener: (stream: 'stdout' | 'stderr', text: string) => void): void {
    this.#outputs.push(listener);
  }

  unref(): void {
    this.#handles().forEach((handle) => handle.unref());
  }

  kill(): void {
    this.#handles().forEach((handle) => handle.ref()); // its end is waited for
    this.#child.kill('SIGKILL');
  }

  /** All that keeps this process alive for the sake of the agent. */
  #handles(): { ref(): void; unref(): void }[] {
    const { channel, stdout, stderr } = this.#child;
    const pipes = [stdout, stderr].filter((pipe) => pipe instanceof Socket);
    return [this.#child, this.#beats, ...(channel == null ? [] : [channel]), ...pipes];
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
