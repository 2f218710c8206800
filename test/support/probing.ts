/** Probes on their real thread, a server in a process of its own, and what the recorders say. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nowNs } from '../../core/base/clock.js';
import type { Plugin } from '../../core/contract/index.js';
import type { MetricSpecs, Tags } from '../../core/contract/metrics.js';
import type { PlannedProbe } from '../../core/contract/plan.js';
import type { FrameGroup } from '../../core/metrics/frame-builder.js';
import { FrameBuilder } from '../../core/metrics/frame-builder.js';
import type { Increase } from '../../core/metrics/source-state.js';
import { SourceState } from '../../core/metrics/source-state.js';

export const SERVER = fileURLToPath(new URL('./programs/test-server.js', import.meta.url));
const BUILT_IN = new URL('../../plugins/probes/index.js', import.meta.url).href;
const BAD = new URL('./plugins/probes.js', import.meta.url).href;

/** A planned probe, by name: built in, or of the plugin of bad ones ("bad/spins"). */
export async function probeOf(
  uses: string,
  options: PlannedProbe['options'] = {},
  everyMs = 20,
): Promise<PlannedProbe> {
  const module = uses.startsWith('bad/') ? BAD : BUILT_IN;
  const plugin = ((await import(module)) as { default: Plugin }).default;
  const found = plugin.probes?.find(({ name }) => name === uses.split('/').pop());
  if (found === undefined) throw new Error(`no probe ${uses}`);
  return {
    name: uses.replace('/', '-'),
    uses,
    module,
    options,
    everyMs,
    metrics: found.metrics as MetricSpecs,
  };
}

export interface TestServer {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  ask(path: string): Promise<string>;
  stop(): void;
}

export async function startServer(...words: string[]): Promise<TestServer> {
  const child = spawn(process.execPath, [SERVER, '0', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const port = Number(line.split(' ')[1]);
  const url = `http://127.0.0.1:${port}`;
  return {
    child,
    port,
    url,
    ask: async (path) => (await fetch(url + path)).text(),
    stop: () => void child.kill('SIGKILL'),
  };
}

/** Free a moment ago, which is enough for a test on its own loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** All that the recorders of some groups have said so far, by metric. */
export class Numbers {
  readonly #builder = new FrameBuilder();
  readonly #state = new SourceState();
  readonly #seen = new Map<string, Increase>();
  #turn = 0;

  constructor(groups: readonly FrameGroup[]) {
    for (const group of groups) this.#builder.add(group);
  }

  look(): this {
    const frame = this.#builder.build({ window: this.#turn++, fromNs: 0, toNs: nowNs() })!;
    this.#builder.ack(frame.seq);
    this.#state.apply(frame, ({ metric, tags }, increase) => this.#add(nameOf(metric, tags), increase));
    return this;
  }

  trend(name: string): { count: number; min: number; max: number } {
    const point = this.#seen.get(name);
    if (point?.kind !== 'trend') return { count: 0, min: NaN, max: NaN };
    return { count: point.count, min: point.min / 1e6, max: point.max / 1e6 };
  }

  ratio(name: string): { hits: number; total: number } {
    const point = this.#seen.get(name);
    return point?.kind === 'ratio' ? point : { hits: 0, total: 0 };
  }

  count(name: string): number {
    const point = this.#seen.get(name);
    return point?.kind === 'counter' ? point.count : 0;
  }

  last(name: string): number | null {
    const point = this.#seen.get(name);
    return point?.kind === 'gauge' ? point.last : null;
  }

  #add(name: string, more: Increase): void {
    const there = this.#seen.get(name);
    this.#seen.set(name, there === undefined ? more : merged(there, more));
  }
}

function merged(a: Increase, b: Increase): Increase {
  if (a.kind === 'counter' && b.kind === 'counter') return { ...b, count: a.count + b.count };
  if (a.kind === 'ratio' && b.kind === 'ratio')
    return { ...b, hits: a.hits + b.hits, total: a.total + b.total };
  if (a.kind === 'trend' && b.kind === 'trend')
    return { ...b, count: a.count + b.count, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
  return b;
}

/** "probe.failures{kind:refused}": without the probe's own name. */
function nameOf(metric: string, all: Tags): string {
  const tags = Object.entries(all).flatMap(([name, value]) => (name === 'probe' ? [] : [`${name}:${value}`]));
  return tags.length === 0 ? metric : `${metric}{${tags.join(',')}}`;
}
