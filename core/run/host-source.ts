/**
 * The orchestrator as a source of frames: what the guard's sensors read, and what the run knows of itself. Built
 * like an agent's frames, so that one way leads from a recorder to a window.
 */
import { nowNs, SECOND } from '../base/clock.js';
import type { SafetyState } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import type { Frame } from '../contract/messages.js';
import type { MetricSpecs } from '../contract/metrics.js';
import { RUN_METRICS } from '../metrics/catalogue.js';
import { FrameBuilder } from '../metrics/frame-builder.js';
import { openRecorders, recorderBytes } from '../metrics/recorder.js';

export const HOST_SOURCE = 'host';

export class HostSource {
  readonly #builder = new FrameBuilder();
  readonly #recorders;
  #fromNs: number;
  #cpuNs = ownCpuNs();
  #phaseStartNs: number;
  /** Of one core, over the whole run so far. */
  readonly cpu = { usedNs: 0, spanNs: 0 };

  constructor(
    guardBuffers: readonly { readonly specs: MetricSpecs; readonly buffer: SharedArrayBuffer }[],
    startNs: number,
  ) {
    const buffer = new SharedArrayBuffer(recorderBytes(RUN_METRICS));
    this.#recorders = openRecorders(RUN_METRICS, buffer, nowNs);
    this.#builder.add({ prefix: '', specs: RUN_METRICS, tags: {}, buffers: [buffer] });
    for (const { specs, buffer: guarded } of guardBuffers) {
      this.#builder.add({ prefix: '', specs, tags: {}, buffers: [guarded] });
    }
    this.#fromNs = startNs;
    this.#phaseStartNs = startNs;
    this.setState('ok');
  }

  setState(state: SafetyState): void {
    this.#recorders['safety.state'].set(SAFETY_STATES.indexOf(state));
  }

  phaseStarted(): void {
    this.#phaseStartNs = nowNs();
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
    this.#recorders['brunt.rss'].set(process.memoryUsage.rss());
    this.#recorders['phase.time'].set(toNs - this.#phaseStartNs);
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
