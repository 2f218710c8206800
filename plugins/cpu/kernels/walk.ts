/**
 * Kernels `chase-*` and `stride-*`: walks through a working set that stays in one level of the host's caches, or in none,
 * in WebAssembly (`wasm/walk.ts`). Listed in `index.ts`.
 */
import { must } from '../../../core/base/assert.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';
import { BASE, openWasm } from './wasm.js';
import type { Level } from './working-set.js';
import { withoutLevel, workingSetBytes } from './working-set.js';

export interface WalkExports {
  link(base: number, lines: number, factor: number, term: number): void;
  chase(at: number, steps: number): number;
  count(bytes: number, first: number, stride: number, steps: number): number;
}

const LINE_BYTES = 64;
/** Line i is followed by line i · factor + term: with a factor of 1 modulo 4 and an odd term one cycle through all. */
export const FACTOR = 0x9e3779b5;
export const TERM = 0x2545f491;
/** Lines from one to the next: another page each time, and, being odd, through all lines in turn. */
export const STRIDE = 65;
/** So many steps an operation: what takes some 50 µs where the working set lies. */
export const STEPS: Readonly<Record<'chase' | 'stride', Readonly<Record<Level, number>>>> = {
  chase: { l1: 32_768, l2: 8192, l3: 512, dram: 512 },
  stride: { l1: 32_768, l2: 16_384, l3: 4096, dram: 4096 },
};
const WHERE: Readonly<Record<Level, string>> = {
  l1: 'the first-level cache',
  l2: 'the second-level cache',
  l3: 'the third-level cache',
  dram: 'memory, beyond all caches',
};

type Open = (bytes: number, level: Level) => Kernel;

function kind(help: string, level: Level, open: Open): KernelKind {
  const bytesOf = ({ caches, instance }: Pick<KernelInput, 'caches' | 'instance'>): number | null =>
    workingSetBytes(level, caches, instance.count);
  return {
    help: `${help} ${WHERE[level]}.`,
    // What stays in a core's own caches is too little to ask for.
    ...((level === 'l3' || level === 'dram') && {
      memoryBytes: (caches, instances) => workingSetBytes(level, caches, instances),
    }),
    absent: (input) => (bytesOf(input) === null ? withoutLevel(level, input.caches) : null),
    open: (input) => open(must(bytesOf(input), `working set of ${level}`), level),
  };
}

export function openChase(bytes: number, level: Level): Kernel {
  const { exports, buffer } = openWasm<WalkExports>('walk', bytes);
  const lines = bytes / LINE_BYTES;
  const steps = STEPS.chase[level];
  const jump = jumpOf(lines, steps);
  exports.link(BASE, lines, FACTOR, TERM);
  let line = 0;
  return {
    operate() {
      const from = BASE + line * LINE_BYTES;
      line = jump(line);
      return follow(exports, from, steps) === BASE + line * LINE_BYTES;
    },
    memory: buffer,
  };
}

/** A pointer that is wrong may lead out of the memory. */
function follow(exports: WalkExports, from: number, steps: number): number {
  try {
    return exports.chase(from, steps) >>> 0;
  } catch {
    return NaN;
  }
}

/** Where so many steps lead, without a look at memory: the step applied to itself, as numbers modulo `lines`. */
function jumpOf(lines: number, steps: number): (line: number) => number {
  const mask = lines - 1;
  let [factor, term] = [1, 0];
  for (let i = 0; i < steps; i++) {
    factor = Math.imul(factor, FACTOR) & mask;
    term = (Math.imul(term, FACTOR) + TERM) & mask;
  }
  return (line) => (Math.imul(line, factor) + term) & mask;
}

export function openStride(bytes: number, level: Level): Kernel {
  const { exports, buffer } = openWasm<WalkExports>('walk', bytes);
  const lines = bytes / LINE_BYTES;
  const steps = STEPS.stride[level];
  let done = 0;
  return {
    operate() {
      const first = Math.imul(done % lines, STRIDE) & (lines - 1);
      const sum = exports.count(bytes, first * LINE_BYTES, STRIDE * LINE_BYTES, steps) >>> 0;
      const wanted = visitsBefore(done + steps, lines) - visitsBefore(done, lines);
      done += steps;
      return sum === wanted % 2 ** 32;
    },
    memory: buffer,
  };
}

/** How often lines had been visited before, summed over the first so many visits that go through all lines in turn. */
function visitsBefore(visits: number, lines: number): number {
  const rounds = Math.floor(visits / lines);
  return ((rounds * (rounds - 1)) / 2) * lines + rounds * (visits - rounds * lines);
}

const chase = (level: Level): KernelKind =>
  kind('Follows pointers from line to line, in no order that can be foreseen, in', level, openChase);
const stride = (level: Level): KernelKind =>
  kind('Changes one word in a line on another page each time, in', level, openStride);

export const WALKS = {
  'chase-l1': chase('l1'),
  'chase-l2': chase('l2'),
  'chase-l3': chase('l3'),
  'chase-dram': chase('dram'),
  'stride-l1': stride('l1'),
  'stride-l2': stride('l2'),
  'stride-l3': stride('l3'),
  'stride-dram': stride('dram'),
} as const;
