/**
 * An agent at work: what the orchestrator says enters, what instances do and measure leaves. Runs on the main thread of
 * a forked process and never runs plugin code. Made by `main.ts`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert, unreachable } from '../base/assert.js';
import { nowNs } from '../base/clock.js';
import type { Doing, FromAgent, LeaseAccount, ToAgent } from '../contract/messages.js';
import { FrameBuilder } from '../metrics/frame-builder.js';
import { PhaseClock } from '../plan/clock.js';
import type { LoadMessage } from './actor-host.js';
import { ActorHost } from './actor-host.js';
import { CutTimer } from './cut-timer.js';
import { Doorbell } from './doorbell.js';
import type { InstanceHost } from './instance-host.js';
import { Journal, reap, scratchName } from './journal.js';
import { Pool } from './pool.js';
import { Recall } from './recall.js';
import { UnleasedWatch } from './unleased.js';

export interface AgentInput {
  readonly run: () => string;
  /** Niceness of this process before its main thread asked for more. */
  readonly nice: number;
  readonly send: (body: FromAgent) => void;
  readonly onLease: (leaseMs: number) => void;
  /** The orchestrator asked for an orderly end; everything is given back. */
  readonly onExit: () => void;
}

interface Loaded {
  readonly message: LoadMessage;
  readonly clock: PhaseClock;
  readonly actors: readonly ActorHost[];
  readonly journal: Journal;
  readonly doorbell: Doorbell;
  readonly recall: Recall;
  readonly unleased: UnleasedWatch;
}

export class Agent {
  readonly #input: AgentInput;
  readonly #frames = new FrameBuilder();
  readonly #pool = new Pool((error) => this.#onLateError(error));
  #loaded: Loaded | null = null;
  #cuts: CutTimer | null = null;
  #frameFromNs = NaN;
  #isReadyTold = false;
  #isFrameOwed = false;
  #turns: Promise<void> = Promise.resolve();
  #running = 0;

  constructor(input: AgentInput) {
    this.#input = input;
  }

  /** Makes the first thread before anybody says what for: it boots while the plan is still being made. */
  warmUp(): void {
    this.#pool.warmUp();
  }

  handle(message: Exclude<ToAgent, { type: 'join' }>): void {
    switch (message.type) {
      case 'load':
        return this.#load(message);
      case 'start':
        return this.#start(message.startNs);
      case 'phases':
        return this.#movePhases(message.startsNs);
      case 'steps':
        return this.#actor(message.actor)?.setSteps(message.phaseIndex, message.pieces);
      case 'restart':
        return this.#actor(message.actor)?.restart();
      case 'end':
        return this.#actor(message.actor)?.end(message.instance);
      case 'scale':
        return this.#actor(message.actor)?.setScale(message.scale);
      case 'grant':
        this.#actor(message.actor)?.instances[message.instance]?.grant(message.grant, message.amount);
        return;
      case 'revoke':
        this.#revoke(message.actor);
        return this.#tellAccounts();
      case 'ack':
        return this.#acknowledge(message.seq);
      case 'beat':
        this.#watch(); // as often as beats come, so that an idle agent is woken once for both
        return this.#answer(message.echo);
      case 'stop':
        return this.#stop(message.rung);
      case 'exit':
        void this.#exit();
        return;
      default:
        unreachable(message);
    }
  }

  /** Ends every thread and removes what the journal names; for an agent that nobody steers any more. */
  async abandon(waitMs: number): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === null) return;
    for (const host of this.#hosts()) host.terminate();
    const late = new Promise((resolve) => setTimeout(resolve, waitMs));
    await Promise.race([this.#pool.destroy(), late]);
    reap(loaded.journal.file);
  }

  #load(message: LoadMessage): void {
    if (this.#loaded !== null) return;
    this.#input.onLease(message.leaseMs);
    const journal = new Journal(message.journal, message.tmp, message.writablePaths);
    const doorbell = new Doorbell(() => this.#tellAccounts());
    const recall = new Recall(message.actors);
    const common = {
      load: message,
      pool: this.#pool,
      frames: this.#frames,
      doorbell: doorbell.buffer,
      recallAddress: recall.address,
      nice: this.#input.nice + message.actorNice,
      turn: () => this.#turn(),
      send: (body: FromAgent) => this.#send(body),
      makeScratch: (actor: string, instance: number) => this.#makeScratch(actor, instance),
      claim: (path: string) => journal.claim(path),
    };
    const actors = message.actors.map((actor) => new ActorHost({ ...common, actor }));
    const unleased = new UnleasedWatch(message.actors);
    const clock = new PhaseClock(message.phases, message.windowMs);
    this.#loaded = { message, clock, actors, journal, doorbell, recall, unleased };
    this.#running = actors.length;
    for (const actor of actors) void actor.run(() => this.#onActorEnding());
  }

  #start(startNs: number): void {
    const loaded = this.#loaded;
    if (loaded === null || this.#cuts !== null) return;
    for (const actor of loaded.actors) actor.start(loaded.clock.startsNs(startNs));
    // Started anew in the middle of a run: what was before is not this life's.
    this.#frameFromNs = Math.max(startNs, nowNs());
    this.#cuts = new CutTimer(loaded.clock, startNs, (window) => this.#sendFrame(window));
  }

  #movePhases(startsNs: readonly number[]): void {
    const loaded = this.#loaded;
    if (loaded === null) return;
    loaded.clock.setStartsNs(startsNs, startsNs[0] ?? NaN);
    for (const actor of loaded.actors) actor.movePhases(startsNs);
    this.#cuts?.moved();
  }

  #stop(rung: 'ask' | 'release' | 'terminate'): void {
    this.#cuts?.catchUp();
    for (const actor of this.#loaded?.actors ?? []) actor.giveUp();
    for (const host of this.#hosts()) {
      if (host.cancel()) continue;
      host.raise('stop');
      if (rung === 'release') host.raise('release');
      if (rung === 'terminate') host.terminate();
    }
  }

  async #exit(): Promise<void> {
    const loaded = this.#loaded;
    this.#cuts?.end();
    if (loaded !== null) {
      loaded.doorbell.end();
      await this.#pool.destroy();
      for (const path of reap(loaded.journal.file).removed) loaded.journal.done(path);
      loaded.journal.close();
    }
    this.#input.onExit();
  }

  #send(body: FromAgent): void {
    this.#input.send(body);
    if (body.type !== 'loaded' || this.#isReadyTold) return;
    if (!this.#hosts().every((host) => host.isLoaded)) return;
    this.#isReadyTold = true;
    this.#input.send({ type: 'ready', recallFd: this.#loaded?.recall.fd ?? null });
  }

  /** The last frame goes before the last `ended`, so that who hears that has all numbers. */
  #onActorEnding(): void {
    if (--this.#running > 0) return;
    this.#watch(); // what was taken since the last look
    if (this.#cuts === null) return;
    this.#cuts.end();
    this.#isFrameOwed = !this.#sendFrame(this.#cuts.window);
  }

  /** False while too many frames are not acknowledged. */
  #sendFrame(window: number): boolean {
    for (const actor of this.#loaded?.actors ?? []) actor.measure();
    const toNs = nowNs();
    const frame = this.#frames.build({ window, fromNs: this.#frameFromNs, toNs });
    if (frame !== null) {
      this.#frameFromNs = toNs;
      this.#input.send({ type: 'frame', frame });
    }
    this.#tellAccounts();
    return frame !== null;
  }

  #acknowledge(seq: number): void {
    this.#frames.ack(seq);
    if (this.#isFrameOwed && this.#cuts !== null) this.#isFrameOwed = !this.#sendFrame(this.#cuts.window);
  }

  /** The count is read first: a recall that comes meanwhile stays in force until it is seen to itself. */
  #revoke(actor: string): void {
    const recall = this.#loaded?.recall.count ?? 0;
    this.#actor(actor)?.instances.forEach((host) => host.revoke(recall));
  }

  #tellAccounts(): void {
    const accounts = this.#accounts();
    if (accounts.length > 0) this.#input.send({ type: 'accounts', accounts });
  }

  #accounts(): LeaseAccount[] {
    const taking = (this.#loaded?.actors ?? []).filter(({ actor }) => actor.takes !== null);
    return taking.flatMap(({ instances }) => instances.map((host) => host.account()));
  }

  #watch(): void {
    for (const unleased of this.#loaded?.unleased.look(this.#accounts()) ?? []) {
      this.#input.send({ type: 'unleased', ...unleased });
    }
    for (const host of this.#hosts()) {
      const silence = host.silence();
      if (silence === null) continue;
      this.#input.send({ type: 'stuck', actor: host.actor, instance: host.index, ...silence });
    }
  }

  /** A thread threw with no task left to blame: its instance had ended and left something behind. */
  #onLateError(error: Error): void {
    const actor = this.#loaded?.message.actors.map(({ name }) => name).join(', ') ?? '';
    process.stderr.write(
      `a thread of ${actor} failed after its instance had ended: ${error.stack ?? error.message}\n`,
    );
  }

  /** Making a thread takes the main thread some 30 ms: between two it reads its messages. */
  #turn(): Promise<void> {
    this.#turns = this.#turns.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turns;
  }

  #makeScratch(actor: string, instance: number): string {
    const loaded = this.#loaded;
    assert(loaded !== null, 'instances run only in a loaded agent');
    const path = join(loaded.message.tmp, scratchName(this.#input.run(), actor, instance));
    loaded.journal.directory(path);
    rmSync(path, { recursive: true, force: true }); // of the life before, where an instance was started anew
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  #answer(echo: number | undefined): void {
    this.#input.send({ type: 'beat', ...this.#doing(), ...(echo !== undefined && { echo }) });
  }

  #doing(): { readonly doing?: readonly Doing[] } {
    const doing = this.#hosts().flatMap((host): Doing[] => {
      const method = host.newMethod();
      return method === null ? [] : [{ actor: host.actor, instance: host.index, method }];
    });
    return doing.length === 0 ? {} : { doing };
  }

  #actor(name: string): ActorHost | undefined {
    return this.#loaded?.actors.find((host) => host.actor.name === name);
  }

  #hosts(): InstanceHost[] {
    return (this.#loaded?.actors ?? []).flatMap((actor) => actor.instances);
  }
}
