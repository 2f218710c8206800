/**
 * The orchestrator as a source of frames: what the guard's sensors read, and what the run knows of itself. Built
 * like an agent's frames, so that one way leads from a recorder to a window.
 */
import { nowNs, SECOND } from '../base/clock.js';
import type { SafetyState } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import { OomCounter } from '../linux/oom.js';
import type { Frame } from '../contract/messages.js';
import type { MetricSpecs } from '../contract/metrics.js';
import { ACTOR_METRICS, RUN_METRICS } from '../metrics/catalogue.js';
import type { FrameGroup } from '../metrics/frame-builder.js';
import { FrameBuilder } from '../metrics/frame-builder.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';

export const HOST_SOURCE = 'host';
const RESTARTS = { 'actor.restarts': ACTOR_METRICS['actor.restarts'] };

export class HostSource {
  readonly #builder = new FrameBuilder();
  readonly #recorders;
  /** By actor: only the orchestrator knows of all its lives. */
  readonly #restarts = new Map<string, { add(amount: number): void }>();
  readonly #oom = new OomCounter();
  #kills = this.#oom.read();
  #fromNs: number;
  #cpuNs = ownCpuNs();
  #phaseStartNs: number;
  /** Of one core, over the whole run so far. */
  readonly cpu = { usedNs: 0, spanNs: 0 };

  constructor(
    guardBuffers: readonly { readonly specs: MetricSpecs; readonly buffer: SharedArrayBuffer }[],
    startNs: number,
    actors: readonly string[],
  ) {
    const buffer = new SharedArrayBuffer(recorderBytes(RUN_METRICS));
    this.#recorders = openRecorders(RUN_METRICS, buffer, nowNs);
    this.#builder.add({ prefix: '', specs: RUN_METRICS, tags: {}, buffers: [buffer] });
    for (const { specs, buffer: guarded } of guardBuffers) {
      this.#builder.add({ prefix: '', specs, tags: {}, buffers: [guarded] });
    }
    for (const actor of actors) {
      const counted = new SharedArrayBuffer(recorderBytes(RESTARTS));
      this.#restarts.set(actor, openRecorders(RESTARTS, counted, nowNs)['actor.restarts']);
      this.#builder.add({ prefix: '', specs: RESTARTS, tags: { actor }, buffers: [counted] });
    }
    this.#fromNs = startNs;
    this.#phaseStartNs = startNs;
    this.setState('ok');
  }

  /** More recorders of this process: what probes and the target's meter write. */
  add(group: FrameGroup): void {
    this.#builder.add(group);
  }

  /** There are no more frames. */
  close(): void {
    this.#oom.close();
  }

  setState(state: SafetyState): void {
    this.#recorders['safety.state'].set(SAFETY_STATES.indexOf(state));
  }

  phaseStarted(startNs: number): void {
    this.#phaseStartNs = startNs;
  }

  restarted(actor: string): void {
    this.#restarts.get(actor)?.add(1);
  }

  /** 0 is told too: where nothing is told, the kernel does not count. */
  #countOomKills(): void {
    const kills = this.#oom.read();
    for (const scope of ['system', 'cgroup'] as const) {
      const [before, now] = [this.#kills[scope], kills[scope]];
      if (before === null || now === null) continue;
      this.#recorders['host.oom-kills'].with({ scope }).add(Math.max(0, now - before));
    }
    this.#kills = kills;
  }

  /** The frame that closes this window, acknowledged at once: nothing can lose it on the way. */
  frame(window: number): Frame {
    const toNs = nowNs();
    const spanNs = toNs - this.#fromNs;
    const cpuNs = ownCpuNs();
    const share = spanNs > 0 ? (cpuNs - this.#cpuNs) / spanNs : 0;
    this.cpu.usedNs += cpuNs - this.#cpuNs;
    this.cpu.spanNs += spanNs;
    this.#recorders['brunt.cpu'].advance(share, share, share, share, spanNs);
    this.#countOomKills();
    this.#recorders['brunt.rss'].set(process.memoryUsage.rss());
    // It grows as time passes: exact between the ends of the span.
    const [from, to] = [Math.max(0, this.#fromNs - this.#phaseStartNs), toNs - this.#phaseStartNs];
    this.#recorders['phase.time'].advance((from + to) / 2, from, to, to, spanNs);
    const frame = this.#builder.build({ window, fromNs: this.#fromNs, toNs });
    if (frame === null) throw new Error('host frames are acknowledged at once');
    this.#builder.ack(frame.seq);
    [this.#fromNs, this.#cpuNs] = [toNs, cpuNs];
    return frame;
  }
}

/** CPU of this whole process: main thread, guard, and what Node runs beside them. */
function ownCpuNs(): number {
  const { user, system } = process.cpuUsage();
  return ((user + system) / 1e6) * SECOND;
}
