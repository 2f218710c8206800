/**
 * Opens the engine that is asked for, or with `auto` the best that this host has: for one operation at a time sync, for
 * more io_uring, and where these are not to be had portable. Which it is and why is told; one that is asked for by name and cannot be had is an error, never another one.
 */
import { assert } from '../../../core/base/assert.js';
import { messageOf } from '../../../core/base/errors.js';
import type { Engine, EngineName, EngineOptions } from './engine.js';
import { DEPTH_MAX, EngineUnavailable } from './engine.js';
import { MmapEngine } from './mmap.js';
import { PortableEngine } from './portable.js';
import { SyncEngine } from './sync.js';
import { openUring } from './uring.js';

const BEST: Readonly<Record<EngineName, string>> = {
  io_uring: 'many operations at a time in one system call',
  sync: 'one operation at a time needs no queue',
  mmap: 'as asked',
  portable: "Node's own calls",
};

export const ENGINES = ['auto', 'io_uring', 'sync', 'mmap', 'portable'] as const;
export type EngineChoice = (typeof ENGINES)[number];

export interface OpenedEngine {
  readonly engine: Engine;
  /** One sentence for the log and the record: which engine, and why this one. */
  readonly why: string;
}

const OPEN: Readonly<Record<EngineName, (options: EngineOptions) => Engine>> = {
  io_uring: openUring,
  sync: (options) => new SyncEngine(options),
  mmap: (options) => new MmapEngine(options),
  portable: (options) => new PortableEngine(options),
};
/** One operation at a time needs no queue, and costs less without; sync has none: for more, Node's pool does better. */
const preferenceOf = (depth: number): readonly EngineName[] =>
  depth === 1 ? ['sync', 'portable'] : ['io_uring', 'portable', 'sync'];

/** Throws EngineUnavailable with the reason: for `ctx.unavailable(error.message)`. */
export function openEngine(options: EngineOptions & { readonly engine: EngineChoice }): OpenedEngine {
  assert(
    options.depth >= 1 && options.depth <= DEPTH_MAX,
    `a depth of 1 to ${DEPTH_MAX}, not ${options.depth}`,
  );
  const { engine: asked } = options;
  if (asked !== 'auto') return { engine: OPEN[asked](options), why: `${asked}, as asked` };
  return choose(preferenceOf(options.depth), (name) => OPEN[name](options));
}

/** The first that opens; why the ones before it did not. */
export function choose(preference: readonly EngineName[], open: (name: EngineName) => Engine): OpenedEngine {
  const refused: string[] = [];
  for (const name of preference) {
    try {
      const engine = open(name);
      const because = [...refused, ...(name === preference[0] ? [BEST[name]] : [])].join('; ');
      return { engine, why: `${name} (auto): ${because}` };
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      refused.push(`no ${name}: ${messageOf(error)}`);
    }
  }
  throw new EngineUnavailable(`no engine does for this: ${refused.join('; ')}`);
}
