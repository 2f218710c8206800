/** Drives a real forked agent over its real link: loads actors, answers as a ledger would, and collects what it says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowNs } from '../../core/base/clock.js';
import type { Frame, FromAgent, InstanceOutcome, LeaseAccount } from '../../core/contract/messages.js';
import type { Piece, PlannedActor, PlannedPhase } from '../../core/contract/plan.js';
import type { Link } from '../../core/agent/link.js';
import { forkAgent } from '../../core/agent/link-local.js';

const WAIT_MS = 20_000;

export function actorOf(
  over: Partial<PlannedActor> & Pick<PlannedActor, 'name' | 'simulator' | 'module'>,
): PlannedActor {
  const peak = over.peak ?? { amount: 1, text: '1' };
  const instances = over.instances ?? 1;
  return {
    builtIn: false,
    options: {},
    control: 'switch',
    unit: 'switch',
    peak,
    instances,
    shares: Array.from({ length: instances }, () => peak.amount / instances),
    lane: 'thread',
    takes: null,
    sharedBytes: 0,
    quietMs: 3000,
    operations: [],
    metrics: {},
    estimate: {},
    ...over,
  };
}

export function phasesOf(
  ...phases: { readonly name: string; readonly durationMs: number; readonly load: Record<string, Piece[]> }[]
): PlannedPhase[] {
  let startMs = 0;
  return phases.map((phase, index) => {
    const planned = { ...phase, index, startMs, measure: true };
    startMs += phase.durationMs;
    return planned;
  });
}

/** One phase that holds a level. */
export function holding(actor: string, level: number, durationMs = 60_000): PlannedPhase[] {
  const load = { [actor]: [{ startMs: 0, endMs: durationMs, from: level, to: level }] };
  return phasesOf({ name: 'hold', durationMs, load });
}

export interface HarnessOptions {
  readonly windowMs?: number;
  readonly leaseMs?: number;
  readonly epoch?: number;
  /** Bytes (or things) that the ledger of the test grants in all; Infinity by default. */
  readonly room?: number;
}

export class AgentHarness {
  readonly link: Link;
  readonly folder = mkdtempSync(join(tmpdir(), 'brunt-test-'));
  readonly journal = join(this.folder, 'agent.journal');
  readonly messages: FromAgent[] = [];
  readonly output: string[] = [];
  readonly frames: Frame[] = [];
  accounts: readonly LeaseAccount[] = [];
  room: number;
  readonly #options: HarnessOptions;
  #grants = 0;
  readonly #sent = new Map<string, number>();
  #watchers: (() => void)[] = [];

  constructor(options: HarnessOptions = {}) {
    this.#options = options;
    this.room = options.room ?? Infinity;
    this.link = forkAgent({ run: 'test', agent: 'agent', epoch: options.epoch ?? 0 });
    this.link.onMessage((body) => this.#hear(body));
    this.link.onOutput((stream, text) => this.output.push(`${stream}: ${text}`));
    void this.link.closed.then(() => this.#look());
  }

  async load(actors: readonly PlannedActor[], phases: readonly PlannedPhase[]): Promise<void> {
    await this.message('hello');
    const { windowMs = 200, leaseMs = 2000 } = this.#options;
    const { journal, folder } = this;
    this.link.send({
      type: 'load',
      actors,
      phases,
      seed: 7,
      windowMs,
      leaseMs,
      actorNice: 0,
      journal,
      record: folder,
      tmp: folder,
      writablePaths: [],
    });
  }

  /** Loads, waits until all are ready, and starts now. */
  async run(actors: readonly PlannedActor[], phases: readonly PlannedPhase[]): Promise<void> {
    await this.load(actors, phases);
    await this.message('ready');
    this.link.send({ type: 'start', startNs: nowNs() });
  }

  /** Orderly end, in every test. */
  async close(): Promise<void> {
    this.link.send({ type: 'stop', rung: 'terminate' });
    this.link.send({ type: 'exit' });
    const timer = setTimeout(() => this.link.kill(), 3000);
    await this.link.closed;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
  }

  of<T extends FromAgent['type']>(type: T): Extract<FromAgent, { type: T }>[] {
    return this.messages.filter((body): body is Extract<FromAgent, { type: T }> => body.type === type);
  }

  /** The n-th message of a type, waited for. */
  async message<T extends FromAgent['type']>(type: T, n = 0): Promise<Extract<FromAgent, { type: T }>> {
    await this.until(() => this.of(type).length > n, `message ${n} of type ${type}`);
    return this.of(type)[n]!;
  }

  async ended(actor: string, instance = 0): Promise<InstanceOutcome> {
    const find = (): InstanceOutcome | undefined =>
      this.of('ended').find((end) => end.actor === actor && end.instance === instance)?.outcome;
    await this.until(() => find() !== undefined, `end of ${actor}[${instance}]`);
    return find()!;
  }

  /** Looks at each message, and now and then. */
  async until(isMet: () => boolean, what: string, waitMs = WAIT_MS): Promise<void> {
    const deadline = performance.now() + waitMs;
    while (!isMet()) {
      if (performance.now() > deadline) {
        throw new Error(
          `waited in vain for ${what}; heard ${JSON.stringify(this.messages.slice(-5))} ${this.output.join('|')}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Value of a gauge (last), a counter (total) or a trend (count) in the newest frame that has it. */
  series(metric: string, actor?: string): number | null {
    const ids = new Set(
      this.frames
        .flatMap(({ table }) => table)
        .filter((s) => s.metric === metric && (actor === undefined || s.tags['actor'] === actor))
        .map((s) => s.id),
    );
    for (const frame of [...this.frames].reverse()) {
      const gauge = frame.gaugeIds.findIndex((id) => ids.has(id));
      if (gauge >= 0) return frame.gauges[5 * gauge + 2]!;
      const counter = frame.counterIds.findIndex((id) => ids.has(id));
      if (counter >= 0) return frame.counters[counter]!;
      const trend = frame.trendIds.findIndex((id) => ids.has(id));
      if (trend >= 0) return frame.trends[5 * trend]!;
    }
    return null;
  }

  #hear(body: FromAgent): void {
    this.messages.push(body);
    if (body.type === 'frame') {
      this.frames.push(body.frame);
      this.link.send({ type: 'ack', seq: body.frame.seq });
    }
    if (body.type === 'accounts') {
      this.accounts = body.accounts;
      for (const account of body.accounts) this.#grant(account);
    }
    this.#look();
  }

  /** Grants what is wanted, once, while there is room. */
  #grant({ actor, instance, want, credit, granted }: LeaseAccount): void {
    const key = `${actor}/${instance}`;
    const onItsWay = (this.#sent.get(key) ?? 0) - granted;
    const amount = Math.min(want - credit - onItsWay, this.room);
    if (want === 0 || amount <= 0) return;
    this.room -= amount;
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + amount);
    this.link.send({ type: 'grant', actor, instance, grant: this.#grants++, amount });
  }

  #look(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
