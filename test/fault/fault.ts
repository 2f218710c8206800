/** What the plugins of this folder share: each is one simulator that is on or off, and goes wrong in one way. */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { ActorContext, ActorInstance, MetricSpecs, Plugin } from '../../core/contract/index.js';

type Context = ActorContext<object, MetricSpecs>;

export interface Fault {
  readonly name: string;
  readonly start: (ctx: Context) => Promise<ActorInstance> | ActorInstance;
  readonly operations?: readonly string[];
  readonly quietMs?: number;
}

/** The plugin is named for its fault, and its only simulator `faulty`. */
export function faultPlugin({ name, start, operations, quietMs }: Fault): Plugin {
  const faulty = defineSimulator({
    name: 'faulty',
    description: 'Goes wrong, for the tests of containment.',
    controls:
      operations === undefined ? [{ kind: 'switch', unit: 'switch' }] : [{ kind: 'rate', unit: 'ops/s' }],
    options: { type: 'object', properties: {} },
    metrics: {},
    ...(operations !== undefined && { operations }),
    ...(quietMs !== undefined && { quietMs }),
    start,
  });
  return definePlugin({ name, simulators: [faulty] });
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A `run` that behaves: it shows that it lives, until a stop is asked for. */
export async function untilStopped(ctx: Pick<Context, 'signal' | 'beat'>): Promise<void> {
  while (!ctx.signal.aborted) {
    ctx.beat();
    await wait(20);
  }
}

export const nothing = (): void => undefined;
