/**
 * Bench `cpu-kernels`: what each kernel of the simulator `cpu` does in a second of processor time, beside the same operation
 * in C (`native/`, compiled here) and, where it counts the same work, beside stress-ng; in turn, medians, ratios.
 */
import { execFileSync, fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findInstallation } from '../cli/package.js';
import { run } from '../cli/library.js';
import { must } from '../core/base/assert.js';
import { readCaches } from '../core/linux/caches.js';
import type { KernelName } from '../plugins/cpu/kernels/index.js';
import { KERNEL_NAMES } from '../plugins/cpu/kernels/index.js';
import { arrayBytesOf, PIECE_BYTES } from '../plugins/cpu/kernels/stream.js';
import { STEPS } from '../plugins/cpu/kernels/walk.js';
import { canRun } from '../plugins/cpu/kernels/wasm.js';
import { workingSetBytes } from '../plugins/cpu/kernels/working-set.js';
import type { Level } from '../plugins/cpu/kernels/working-set.js';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import type { Answer, Ask } from './support/programs/kernel-runner.js';
import { peerVersion } from './support/peers.js';
import { median } from './support/stats.js';
import { keepFolder } from './support/leftovers.js';

export const cpuKernels: Bench = {
  name: 'cpu-kernels',
  title: 'CPU kernels: work a second of processor time, beside C',
  about: [
    'One thread at full level does operations of one kernel after the other, results checked as in a run; a program in C does',
    'the same operation, compiled by gcc -O2: scalar without vectorising, vectors of 128 bits for SSE 4.2, and with multiplication',
    'and addition fused. Both in turn, round after round; work by processor time of the thread, medians. A ratio is brunt’s by',
    'C’s of one round, and the median of all rounds is what is quoted.',
  ].join('\n'),
  async run(out, flags) {
    const kept = keepFolder('kernels');
    const folder = kept.path;
    const runners = new Runners();
    try {
      const programs = compile(folder, out);
      const rows = await measureAll(runners, programs, out, flags);
      judge(rows, out);
      await besideStressNg(rows, out, flags);
      await inRuns(runners, folder, out, flags);
    } finally {
      runners.stop();
      kept.remove();
    }
  },
};

type Group = 'scalar' | 'vector' | 'cache' | 'bandwidth' | 'engine';

interface Subject {
  readonly name: KernelName;
  readonly group: Group;
  /** Which program has the same in C, and what it is called there. */
  readonly native: {
    readonly program: 'scalar' | 'vector' | 'fused';
    readonly name: string;
    readonly args: readonly string[];
  } | null;
  /** What one operation is in the unit of the row. */
  readonly unit: string;
  readonly perOperation: number;
  /** Relaxed SIMD, where the engine has it behind a flag. */
  readonly isRelaxed: boolean;
}

interface Measured {
  readonly subject: Subject;
  readonly label: string;
  /** In the unit of the row, a second of processor time. */
  readonly ours: number;
  readonly native: number | null;
  readonly ratio: number | null;
  readonly operationsPerSecond: number;
}

const SCALAR: readonly KernelName[] = ['integer', 'float', 'double', 'sieve', 'hash', 'hash-fnv1a', 'branch'];
const MATRIX_FLOPS = 2 * 4 * 256 * 256;
const CHAIN_FLOPS = 2 * 12 * 32_768;

function subjects(): Subject[] {
  const all = KERNEL_NAMES.flatMap((name) => subjectOf(name) ?? []);
  const fused = {
    ...must(
      all.find(({ name }) => name === 'matrix'),
      'matrix',
    ),
    isRelaxed: true,
  };
  return [...all, { ...fused, native: { program: 'fused', name: 'matrix', args: [] } }];
}

function subjectOf(name: KernelName): Subject | null {
  const caches = readCaches();
  const base = { name, isRelaxed: name === 'vector-fma', unit: 'operations', perOperation: 1 };
  const walk = /^(chase|stride)-(.*)$/.exec(name);
  if (walk !== null) {
    const [, way, level] = walk as unknown as [string, keyof typeof STEPS, Level];
    const steps = STEPS[way][level];
    const args = [String(workingSetBytes(level, caches, 1) ?? 0), String(steps)];
    const native = { program: 'scalar', name: way, args } as const;
    return { ...base, group: 'cache', native, unit: 'million accesses', perOperation: steps / 1e6 };
  }
  const arrays = { copy: 2, scale: 2, add: 3, triad: 3 }[name as string];
  if (arrays !== undefined) {
    // C divides by three arrays; so each is as large as ours.
    const bytes = 3 * arrayBytesOf(workingSetBytes('dram', caches, 1) ?? 0, arrays);
    const native = { program: 'vector', name, args: [String(bytes)] } as const;
    return { ...base, group: 'bandwidth', native, unit: 'GB', perOperation: (arrays * PIECE_BYTES) / 1e9 };
  }
  if (name.startsWith('vector-') || name === 'matrix') {
    const native = { program: name === 'vector-fma' ? 'fused' : 'vector', name, args: [] } as const;
    const lanes = name === 'vector-f64x2' ? 2 : 4;
    const operations = (name === 'matrix' ? MATRIX_FLOPS : CHAIN_FLOPS * lanes) / 1e9;
    return {
      ...base,
      group: 'vector',
      native,
      unit: name === 'vector-i32x4' ? 'Gop' : 'Gflop',
      perOperation: operations,
    };
  }
  if (SCALAR.includes(name)) {
    const native = { program: 'scalar', name, args: [] } as const;
    if (name !== 'float' && name !== 'double') return { ...base, group: 'scalar', native };
    return { ...base, group: 'scalar', native, unit: 'Gflop', perOperation: CHAIN_FLOPS / 1e9 };
  }
  // The others are of the engine, or of several threads: there is nothing of the kind in C.
  return null;
}

// ---- the programs ---------------------------------------------------------------

type Programs = ReadonlyMap<'scalar' | 'vector' | 'fused', string>;

/** Flags that this processor's compiler knows; the names of instruction sets are of x86 only. */
function compile(folder: string, out: BenchOutput): Programs {
  const version = peerVersion('gcc');
  out.peer('gcc', version, 'Debian package gcc');
  if (version === null) {
    out.note('There is no gcc here: nothing to stand beside the kernels, so no ratios.');
    return new Map();
  }
  const isX86 = process.arch === 'x64';
  const scalar = ['-fno-tree-vectorize', '-fno-tree-slp-vectorize', '-ffp-contract=off'];
  const recipes = [
    ['scalar', 'scalar.c', scalar],
    ['vector', 'vector.c', ['-ffp-contract=off', ...(isX86 ? ['-msse4.2'] : [])]],
    ['fused', 'vector.c', ['-ffp-contract=fast', ...(isX86 ? ['-mfma'] : [])]],
  ] as const;
  const sources = join(findInstallation().root, 'bench', 'native');
  return new Map(
    recipes.map(([name, source, flags]) => {
      const file = join(folder, name);
      execFileSync('gcc', ['-O2', ...flags, join(sources, source), '-o', file], { stdio: 'pipe' });
      return [name, file] as const;
    }),
  );
}

/** Operations a second of processor time; null when the program cannot run here. */
function nativeRate({ native }: Subject, programs: Programs, seconds: number): number | null {
  const file = native === null ? undefined : programs.get(native.program);
  if (native === null || file === undefined) return null;
  const { status, stdout } = spawnSync(file, [native.name, String(seconds), ...native.args], {
    encoding: 'utf8',
  });
  const [operations = NaN, ns = NaN] = stdout.split(' ').map(Number);
  // A processor without fused multiplication ends it by a signal.
  return status === 0 ? operations / (ns / 1e9) : null;
}

/** Processes that run kernels: as Node is, and with what Node 20 has behind a flag. */
class Runners {
  readonly #children = new Map<boolean, ChildProcess>();

  async rate({ name, isRelaxed }: Subject, ms: number, seed: number): Promise<number | string> {
    const child = this.#child(isRelaxed);
    const ask: Ask = { kernel: name, ms, seed };
    child.send(ask);
    const [answer] = (await once(child, 'message')) as [Answer];
    if ('absent' in answer) return answer.absent;
    if (answer.wrong > 0)
      throw new Error(`${name}: ${answer.wrong} of ${answer.operations} results are wrong`);
    return answer.operations / (answer.cpuNs / 1e9);
  }

  #child(isRelaxed: boolean): ChildProcess {
    const there = this.#children.get(isRelaxed);
    if (there !== undefined) return there;
    const flags = isRelaxed && !canRun('chains-relaxed') ? ['--experimental-wasm-relaxed-simd'] : [];
    const program = new URL('./support/programs/kernel-runner.js', import.meta.url);
    const child = fork(program, { execArgv: flags });
    this.#children.set(isRelaxed, child);
    return child;
  }

  stop(): void {
    for (const child of this.#children.values()) child.kill();
  }
}

// ---- measuring --------------------------------------------------------------

async function measureAll(
  runners: Runners,
  programs: Programs,
  out: BenchOutput,
  flags: BenchFlags,
): Promise<Measured[]> {
  const rounds = flags.isShort ? 3 : 11;
  const ms = flags.isShort ? 50 : 80;
  if (!canRun('chains-relaxed'))
    out.note(`Node ${process.version} has relaxed SIMD behind a flag; rows "fused" were measured with it.`);
  const rows: Measured[] = [];
  for (const subject of subjects()) {
    const label = subject.isRelaxed && subject.name === 'matrix' ? 'matrix, fused' : subject.name;
    out.say(label);
    const ours: number[] = [];
    const native: number[] = [];
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const rate = await runners.rate(subject, ms, flags.seed + round);
      if (typeof rate === 'string') {
        out.note(`${label}: ${rate}.`);
        break;
      }
      ours.push(rate);
      const beside = nativeRate(subject, programs, ms / 1000);
      if (beside === null) continue;
      native.push(beside);
      ratios.push(rate / beside);
    }
    if (ours.length === 0) continue;
    const row: Measured = {
      subject,
      label,
      ours: median(ours) * subject.perOperation,
      native: native.length === 0 ? null : median(native) * subject.perOperation,
      ratio: ratios.length === 0 ? null : median(ratios),
      operationsPerSecond: median(ours),
    };
    rows.push(row);
    out.row('Kernels, by second of processor time', {
      kernel: label,
      unit: `${subject.unit}/s`,
      brunt: row.ours,
      C: row.native,
      ratio: row.ratio,
    });
  }
  return rows;
}

const AIMS: readonly { readonly group: Group; readonly what: string }[] = [
  { group: 'scalar', what: 'scalar kernels, the lowest ratio to C' },
  { group: 'cache', what: 'pointer chase and strides, the lowest ratio to C' },
  { group: 'bandwidth', what: 'bandwidth, the lowest ratio to C' },
  { group: 'vector', what: 'vectors of 128 bits, the lowest ratio to C' },
];
const RATIO_MIN = 0.9;

function judge(rows: readonly Measured[], out: BenchOutput): void {
  for (const { group, what } of AIMS) {
    const judged = rows.filter((row) => row.subject.group === group && row.ratio !== null);
    const ratio = (row: Measured | undefined): number => row?.ratio ?? Infinity;
    const worst = [...judged].sort((a, b) => ratio(a) - ratio(b))[0];
    const value = worst?.ratio ?? null;
    const note =
      worst === undefined ? 'there was nothing to compare with' : `of ${judged.length}: ${worst.label}`;
    out.aim({ what, is: '>=', limit: RATIO_MIN, unit: '', value, note });
  }
}

// ---- beside stress-ng -----------------------------------------------------------

/**
 * What its operations are could be established for two kernels. One of `--matrix-method prod` is one product of matrices of the
 * size asked; one of `--stream` is a pass of all four loops over three arrays of 4 × L3, of which it tells bytes a second.
 */
async function besideStressNg(rows: readonly Measured[], out: BenchOutput, flags: BenchFlags): Promise<void> {
  const version = peerVersion('stress-ng');
  out.peer('stress-ng', version, 'Debian package stress-ng');
  if (version === null) return;
  const table = 'Beside stress-ng, by second of processor time';
  const matrix = rows.find(({ label }) => label === 'matrix');
  const products = stressNg([
    '--matrix',
    '1',
    '--matrix-method',
    'prod',
    '--matrix-size',
    '256',
    '-t',
    flags.isShort ? '1' : '4',
  ]);
  if (matrix !== undefined && products !== null) {
    const ours = matrix.operationsPerSecond / (256 / 4);
    out.row(table, {
      work: 'products of 256 × 256',
      brunt: ours,
      'stress-ng': products,
      ratio: ours / products,
    });
  }
  const passes = stressNg(['--stream', '1', '-t', flags.isShort ? '1' : '6']);
  const gb = streamGbPerSecond(rows);
  const l3 = readCaches()?.find(({ level }) => level === 3)?.bytes;
  if (passes !== null && gb !== null && l3 !== undefined) {
    // Two arrays for copy and scale, three for add and triad.
    const theirs = (passes * 10 * 4 * l3) / 1e9;
    out.row(table, {
      work: 'GB of copy, scale, add and triad',
      brunt: gb,
      'stress-ng': theirs,
      ratio: gb / theirs,
    });
  }
  out.note(
    'stress-ng’s --stream counts the time in which it fills its arrays, which is a part of a short run; its loops may write past the ' +
      'caches (non-temporal stores), which WebAssembly cannot.',
  );
  out.note(
    'Its --cpu-method sieve counts in units that are scaled to a reference processor, --hash and --cache do not say how much work ' +
      'an operation is: no ratio can be given for them. The sieve in C above is the same algorithm.',
  );
  await Promise.resolve();
}

/** Its operations a second of processor time; null when it would not run. */
function stressNg(args: readonly string[]): number | null {
  const { status, stdout, stderr } = spawnSync('stress-ng', [...args, '--metrics'], { encoding: 'utf8' });
  const line = /metrc:.*?\] +(?:matrix|stream) +(\d+) +[\d.]+ +([\d.]+) +([\d.]+)/.exec(stdout + stderr);
  if (status !== 0 || line === null) return null;
  const [, operations, userS, systemS] = line.map(Number);
  return (operations ?? NaN) / ((userS ?? NaN) + (systemS ?? NaN));
}

/** All four loops over arrays of one size, as one figure: bytes by time. */
function streamGbPerSecond(rows: readonly Measured[]): number | null {
  const arrays = { copy: 2, scale: 2, add: 3, triad: 3 };
  let timeS = 0;
  for (const [name, count] of Object.entries(arrays)) {
    const row = rows.find(({ label }) => label === name);
    if (row === undefined) return null;
    timeS += count / row.ours;
  }
  return 10 / timeS;
}

// ---- through a whole run --------------------------------------------------------

/** The same kernels at 100 % of one core in a run, and alone before and after: what the loop around them, and the run around that, leave of it. */
async function inRuns(runners: Runners, folder: string, out: BenchOutput, flags: BenchFlags): Promise<void> {
  const names: readonly KernelName[] = flags.isShort
    ? ['integer']
    : ['integer', 'vector-f32x4', 'chase-l2', 'triad'];
  for (const name of names) {
    const subject = subjectOf(name);
    if (subject === null) continue;
    out.say(`${name} in a run`);
    const alone: number[] = [];
    // The machine is not as fast at one time as at another, nor memory in one place as in another.
    const measureAlone = async (): Promise<void> => {
      for (let round = 0; round < (flags.isShort ? 1 : 5); round++) {
        const rate = await runners.rate(subject, 80, flags.seed + round);
        if (typeof rate === 'number') alone.push(rate);
      }
    };
    await measureAlone();
    const actor = { uses: 'cpu', peak: '100% of core', with: { kernel: name } };
    const phases = [
      { name: 'warm', duration: '500ms', load: { core: '100%' }, measure: false },
      { name: 'work', duration: flags.isShort ? '1s' : '3s', load: { core: '100%' } },
    ];
    const summary = await run(
      { version: 1, actors: { core: actor }, phases },
      { runsDir: folder, seed: flags.seed },
    );
    await measureAlone();
    if (alone.length === 0) continue;
    const series = summary.phases.at(-1)?.series ?? [];
    const speed = series.find(({ metric }) => metric === 'cpu.speed')?.avg ?? null;
    const rate = series.find(({ metric }) => metric === 'cpu.operations')?.rate ?? null;
    out.row('In a run at full level, of the same kernel alone', {
      kernel: name,
      'by processor time': speed === null ? null : speed / median(alone),
      'by the clock': rate === null ? null : rate / median(alone),
    });
  }
}
