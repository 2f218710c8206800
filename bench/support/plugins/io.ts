/**
 * The simulator that the bench of I/O runs: nothing but an engine and the loop that every simulator of storage shares,
 * so that what is measured is those, and the core around them. A plugin by path, as a third party's would be.
 */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import type { ActorContext, MetricSpecs, Resolved } from '../../../core/contract/index.js';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';
import { drive } from '../../../plugins/storage/drive.js';
import { EngineUnavailable, OP } from '../../../plugins/storage/engines/engine.js';
import type { EngineChoice } from '../../../plugins/storage/engines/open.js';
import { ENGINES, openEngine } from '../../../plugins/storage/engines/open.js';

export const PATTERNS = ['randread', 'randwrite', 'read', 'write', 'nop'] as const;
export type Pattern = (typeof PATTERNS)[number];

const options = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'What is read and written.' },
    areaBytes: { type: 'integer', description: 'From its begin, so much of it.' },
    pattern: { type: 'string', enum: PATTERNS, default: 'randread', description: 'As fio calls it.' },
    blockBytes: { type: 'integer', default: 4096, description: 'Of each operation.' },
    engine: { type: 'string', enum: ENGINES, default: 'io_uring', description: 'Which engine.' },
    direct: { type: 'boolean', default: true, description: 'O_DIRECT.' },
    notes: {
      type: 'string',
      description: 'A file for the instants at which operations were due and were begun, in ns.',
    },
    most: { type: 'integer', default: 0, description: 'Ends after so many operations; 0: never.' },
  },
  required: ['path', 'areaBytes'],
} as const;
type Context = ActorContext<Resolved<typeof options>, MetricSpecs>;

/** Operations that are noted: more than any run of a bench begins. */
const NOTES_MAX = 2 ** 21;

export const OPERATIONS = ['read', 'write', 'nop'] as const;

/** Multiplies by this and adds, modulo 2^32: chance enough for offsets, at no cost that would count as the engine's. */
const MULTIPLIER = 1_664_525;
const INCREMENT = 1_013_904_223;

const io = defineSimulator({
  name: 'bench-io',
  description: 'One pattern of reads or writes, for the bench.',
  controls: [
    { kind: 'concurrency', unit: 'count', defaultPeak: '1' },
    { kind: 'rate', unit: 'ops/s' },
  ],
  operations: OPERATIONS,
  options,
  metrics: {},
  start: (ctx) => begin(ctx),
});

function begin(ctx: Context) {
  const { path, areaBytes, pattern, blockBytes, engine: asked, direct, most } = ctx.options;
  const kind = pattern === 'nop' ? 'nop' : pattern.endsWith('write') ? 'write' : 'read';
  const access = kind === 'write' ? constants.O_RDWR : constants.O_RDONLY;
  const fd = openSync(path, access | (direct ? constants.O_DIRECT : 0));
  const { engine, why } = openOr(ctx, asked, blockBytes, kind);
  const file = engine.attach(fd);
  const { slots } = engine;
  slots.file.fill(file);
  slots.op.fill(OP[kind]);
  slots.kind.fill(OPERATIONS.indexOf(kind));
  slots.bytes.fill(pattern === 'nop' ? 0 : blockBytes);
  // Does not compress: what fio writes does not either.
  randomFillSync(engine.memory);
  const blocks = Math.floor(areaBytes / blockBytes);
  const isRandom = pattern.startsWith('rand');
  let state = Math.floor(ctx.random() * 2 ** 32) | 0;
  let filled = 0;
  // Written to once, so that the kernel has given its pages before anything is timed.
  const notes = ctx.options.notes === undefined ? null : new Float64Array(2 * NOTES_MAX).fill(1);
  let noted = 0;
  const work = {
    fill(slot: number): void {
      if (notes !== null) {
        notes[2 * noted] = slots.dueNs[slot] as number;
        notes[2 * noted++ + 1] = ctx.nowNs();
      }
      let block = filled++;
      if (isRandom) {
        state = (Math.imul(state, MULTIPLIER) + INCREMENT) | 0;
        block = Math.floor(((state >>> 0) / 2 ** 32) * blocks);
      } else block %= blocks;
      slots.offset[slot] = block * blockBytes;
    },
    ...(most > 0 && { left: () => most - filled }),
  };
  return {
    run: () => drive({ ctx, engine, operations: OPERATIONS, work }),
    async dispose() {
      const { uses, lacks } = engine.report();
      ctx.log('info', `${why}; uses ${uses.join(', ')}; lacks ${lacks.join(', ') || 'nothing'}`);
      await engine.close();
      closeSync(fd);
      if (notes !== null && ctx.options.notes !== undefined)
        writeFileSync(ctx.options.notes, new Uint8Array(notes.buffer, 0, 16 * Math.min(noted, NOTES_MAX)));
    },
  };
}

function openOr(ctx: Context, engine: EngineChoice, slotBytes: number, operation: 'read' | 'write' | 'nop') {
  try {
    return openEngine({ engine, depth: ctx.operations.inFlightMax, slotBytes, operations: [operation] });
  } catch (error) {
    if (error instanceof EngineUnavailable) return ctx.unavailable(error.message);
    throw error;
  }
}

export default definePlugin({ name: 'bench-io', simulators: [io] });
