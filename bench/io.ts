/**
 * Bench `io`: operations a second and processor time for each, beside fio's io_uring engine, on a block device in RAM, on a
 * file with O_DIRECT and buffered; and what the engine can do at most where the kernel does nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../core/base/errors.js';
import type { Aim, Bench, BenchFlags, BenchOutput } from './bench.js';
import type { Point, Quantile, Round, Showing } from './support/io-contest.js';
import { contest, QUANTILES } from './support/io-contest.js';
import type { IoTarget } from './support/io-targets.js';
import { bigFile, ramDevice } from './support/io-targets.js';
import { peerVersion } from './support/peers.js';
import type { Pattern } from './support/plugins/io.js';
import { median, medianInterval } from './support/stats.js';

const KIB = 1024;
const AREA_BYTES = 512 * 2 ** 20;
const ROUNDS = 9;
const SPAN_MS = 800;
const ALONE_MS = 1000;
/** From here on the cost of an operation is an aim too. */
const DEEP = 32;
const SEQUENTIAL_DEPTH = 4;

interface Shape {
  readonly pattern: Pattern;
  readonly blockBytes: number;
  readonly depth: number;
}

const SHAPES: readonly Shape[] = [
  ...(['randread', 'randwrite'] as const).flatMap((pattern) =>
    [1, 32, 128].map((depth) => ({ pattern, blockBytes: 4 * KIB, depth })),
  ),
  ...(['read', 'write'] as const).flatMap((pattern) =>
    [128 * KIB, 1024 * KIB].map((blockBytes) => ({ pattern, blockBytes, depth: SEQUENTIAL_DEPTH })),
  ),
];
const SHORT_SHAPES = SHAPES.filter(({ depth, blockBytes }) => depth === DEEP || blockBytes > 128 * KIB);

export const io: Bench = {
  name: 'io',
  title: 'Disk I/O beside fio',
  about: [
    'A real run of brunt (plan, agent, pacing, engine, recorders of three latencies, windows) beside fio with its io_uring engine ' +
      '(`--registerfiles --fixedbufs --norandommap --randrepeat=0 --invalidate=0 --scramble_buffers=0`): same target, same ' +
      `pattern, block size and depth, ${ROUNDS} rounds in which each has ${SPAN_MS} ms, in turn: the run goes on and is idle while ` +
      'fio works. Ratios are medians of the rounds’ ratios, beside the interval in which the median lies for all that the rounds ' +
      'say (95 %, by the sign test): a point is worse than fio when all of it is. Both write one buffer of ' +
      'random bytes for each operation in flight again and again; targets are filled with random bytes first, ' +
      `${AREA_BYTES / 2 ** 20} MiB each. The buffered file is in the page cache for both; the file lies where temporary files do. ` +
      'That is a simulator of this bench, an engine and the loop around it; the tables of the simulators block and disk show what ' +
      'their own work adds: they write new random bytes each time, and so does fio there (`--refill_buffers`).',
    'brunt takes the engine that `auto` picks: sync where one operation is in flight, io_uring beyond; where it says io_uring at ' +
      'depth 1 it was asked for by name. Processor time is what the kernel says of all tasks of the machine over the span, its own workers ' +
      'counted and the idle other tool left out, and beside it that of the tool’s processes alone (of brunt: orchestrator, guard ' +
      'and agent). Latencies are from the hand-over to the end (fio: submission and completion), as each tool says them.',
  ].join('\n\n'),
  run: measure,
};

async function measure(out: BenchOutput, flags: BenchFlags): Promise<void> {
  const fio = peerVersion('fio');
  out.peer('fio', fio, 'Debian package fio');
  const bytes = flags.isShort ? AREA_BYTES / 4 : AREA_BYTES;
  const device = ramDevice(bytes);
  if (typeof device === 'string') {
    out.note(`A block device in RAM cannot be had here: ${device}.`);
    for (const aim of aimsOf('RAM device', [], fio)) out.aim({ ...aim, note: device });
  } else {
    try {
      await matches(out, flags, { target: device, title: `${device.what}, O_DIRECT`, isDirect: true, fio });
      await simulator(out, flags, { target: device, title: 'block', isDirect: true, fio });
      ceilings(out, flags, device);
    } finally {
      device.remove();
    }
  }
  const file = bigFile(bytes);
  try {
    await matches(out, flags, { target: file, title: 'file, buffered', isDirect: false, fio });
    await matches(out, flags, { target: file, title: 'file, O_DIRECT', isDirect: true, fio });
    await simulator(out, flags, { target: file, title: 'disk', isDirect: true, fio });
  } finally {
    file.remove();
  }
}

interface Match {
  readonly target: IoTarget;
  readonly title: string;
  readonly isDirect: boolean;
  readonly fio: string | null;
}

/** Of one point, over its rounds. */
interface Ratio {
  readonly median: number;
  readonly interval: readonly [number, number] | undefined;
}

interface Ratios {
  readonly depth: number;
  readonly perSecond: Ratio;
  readonly machineUs: Ratio;
  readonly what: string;
}

async function matches(out: BenchOutput, flags: BenchFlags, match: Match): Promise<void> {
  const ratios: Ratios[] = [];
  for (const shape of flags.isShort ? SHORT_SHAPES : SHAPES) {
    const engines =
      shape.depth === 1 && shape.pattern === 'randread'
        ? (['auto', 'io_uring'] as const)
        : (['auto'] as const);
    for (const engine of engines) {
      const ratio = await compare(out, flags, match, { ...shape, engine });
      // What somebody gets who asks for nothing in particular is what is aimed for.
      if (ratio !== null && engine === 'auto') ratios.push(ratio);
    }
  }
  for (const aim of aimsOf(match.title, ratios, match.fio)) out.aim(aim);
}

/** The simulators as users have them, with all that they do of each operation. */
async function simulator(
  out: BenchOutput,
  flags: BenchFlags,
  match: Match & { readonly title: 'block' | 'disk' },
): Promise<void> {
  const title = `simulator ${match.title}, ${match.target.what}, O_DIRECT`;
  for (const pattern of ['randread', 'randwrite'] as const) {
    const shape = {
      pattern,
      blockBytes: 4 * KIB,
      depth: DEEP,
      engine: 'auto',
      simulator: match.title,
    } as const;
    await compare(out, flags, { ...match, title }, shape);
  }
}

async function compare(
  out: BenchOutput,
  flags: BenchFlags,
  { target, title, isDirect, fio }: Match,
  shape: Shape & Pick<Point, 'engine' | 'simulator'>,
): Promise<Ratios | null> {
  const point: Point = { ...shape, path: target.path, areaBytes: target.bytes, isDirect };
  const what = `${shape.pattern} ${shape.blockBytes / KIB} KiB, depth ${shape.depth}`;
  const rounds = await roundsOf(out, point, flags, fio !== null, `${title}: ${what}`);
  const ours = rounds.map(({ brunt }) => brunt);
  const theirs = rounds.flatMap((round) => round.fio ?? []);
  const of = (all: readonly Showing[], key: 'perSecond' | 'machineUs' | 'ownUs'): number | null =>
    all.length === 0 ? null : median(all.map((one) => one[key]));
  const [perSecond, machineUs] = [ratiosOf(rounds, 'perSecond'), ratiosOf(rounds, 'machineUs')];
  const [ratio, cost] = [ratioOf(perSecond), ratioOf(machineUs)];
  out.say(`${title}: ${what} (${shape.engine}): ${shown(ratio)} of fio, at ${shown(cost)} of its cost`);
  const place = {
    pattern: shape.pattern,
    'block, KiB': shape.blockBytes / KIB,
    depth: shape.depth,
    engine: shape.engine,
  };
  out.row(title, {
    ...place,
    'brunt, ops/s': of(ours, 'perSecond'),
    'fio, ops/s': of(theirs, 'perSecond'),
    'ops/s, brunt / fio': ratio?.median ?? null,
    'its interval': between(ratio),
    'brunt, CPU µs/op': of(ours, 'machineUs'),
    'fio, CPU µs/op': of(theirs, 'machineUs'),
    'CPU, brunt / fio': cost?.median ?? null,
    'interval of the CPU': between(cost),
    'brunt’s own, µs/op': of(ours, 'ownUs'),
    'fio’s own, µs/op': of(theirs, 'ownUs'),
    failed: ours.reduce((sum, { failed }) => sum + failed, 0),
  });
  const latencies = QUANTILES.flatMap((name) => [
    [`brunt, ${name} µs`, latencyUs(ours, name)] as const,
    [`fio, ${name} µs`, latencyUs(theirs, name)] as const,
  ]);
  out.row(`${title}: latency`, { ...place, ...Object.fromEntries(latencies) });
  return ratio === null || cost === null
    ? null
    : { depth: shape.depth, perSecond: ratio, machineUs: cost, what };
}

async function roundsOf(
  out: BenchOutput,
  point: Point,
  flags: BenchFlags,
  hasFio: boolean,
  what: string,
): Promise<Round[]> {
  const rounds = flags.isShort ? 1 : ROUNDS;
  try {
    const done = await contest(point, { rounds, spanMs: SPAN_MS, seed: flags.seed, hasFio });
    const missing = hasFio ? done.filter(({ fio }) => fio === null).length : 0;
    if (missing > 0) out.note(`${what}: fio was not done in time in ${missing} of ${rounds} rounds.`);
    return done;
  } catch (error) {
    // One point that cannot be had does not cost the others.
    out.note(`${what}: ${messageOf(error)}`);
    return [];
  }
}

function ratiosOf(rounds: readonly Round[], key: 'perSecond' | 'machineUs'): number[] {
  return rounds.flatMap(({ brunt, fio }) => (fio === null ? [] : [brunt[key] / fio[key]]));
}

function latencyUs(all: readonly Showing[], name: Quantile): number | null {
  const known = all.flatMap(({ latencyNs }) => latencyNs[name] ?? []);
  return known.length === 0 ? null : median(known) / 1000;
}

function ratioOf(ratios: readonly number[]): Ratio | null {
  return ratios.length === 0 ? null : { median: median(ratios), interval: medianInterval(ratios) };
}

const shown = (ratio: Ratio | null): string => ratio?.median.toFixed(2) ?? '-';

function between(ratio: Ratio | null): string | null {
  if (ratio?.interval === undefined) return null;
  return ratio.interval.map((end) => end.toFixed(2)).join('–');
}

/** The worst point is what is judged: of those that are worse for certain, and of all where there are none of these. */
function aimsOf(title: string, ratios: readonly Ratios[], fio: string | null): Aim[] {
  const deep = ratios.filter(({ depth }) => depth >= DEEP);
  const slowest = worstOf(ratios, ({ perSecond: one }) => [one.median, one.interval?.[1] ?? one.median]);
  const dearest = worstOf(deep, ({ machineUs: one }) => [
    1 / one.median,
    1 / (one.interval?.[0] ?? one.median),
  ]);
  const noteOf = (
    worst: Ratios | undefined,
    key: 'perSecond' | 'machineUs',
    count: number,
  ): Pick<Aim, 'note' | 'interval'> => {
    if (fio === null) return { note: 'fio is not here' };
    if (worst === undefined) return {};
    const { interval } = worst[key];
    const range = interval === undefined ? '' : ` (${between(worst[key])})`;
    return {
      ...(interval !== undefined && { interval }),
      note: `of ${count} points, worst at ${worst.what}${range}`,
    };
  };
  return [
    {
      what: `${title}: operations a second, of fio's, at the worst point`,
      is: '>=',
      limit: 1,
      unit: '',
      value: slowest?.perSecond.median ?? null,
      ...noteOf(slowest, 'perSecond', ratios.length),
    },
    {
      what: `${title}: processor time an operation, of fio's, at the worst point of depth ≥ ${DEEP}`,
      is: '<=',
      limit: 1,
      unit: '',
      value: dearest?.machineUs.median ?? null,
      ...noteOf(dearest, 'machineUs', deep.length),
    },
  ];
}

/** By what each is and what it may be at the best: below 1 is worse than fio. */
function worstOf(
  all: readonly Ratios[],
  of: (ratios: Ratios) => readonly [is: number, atBest: number],
): Ratios | undefined {
  const certain = all.filter((each) => of(each)[1] < 1);
  return [...(certain.length > 0 ? certain : all)].sort((a, b) => of(a)[0] - of(b)[0])[0];
}

const ALONE = fileURLToPath(new URL('./support/programs/engine-alone.js', import.meta.url));

/** What the engine does without brunt around it: on the same device, and where the kernel has nothing to do. */
function ceilings(out: BenchOutput, flags: BenchFlags, device: IoTarget): void {
  for (const [what, path] of [
    ['no-ops', '-'],
    ['4 KiB random reads', device.path],
  ] as const) {
    for (const depth of [1, 32, 128]) {
      const ms = flags.isShort ? ALONE_MS / 4 : ALONE_MS;
      const args = [ALONE, 'io_uring', depth, path, device.bytes, 4 * KIB, ms].map(String);
      const text = execFileSync(process.execPath, args, { encoding: 'utf8' });
      const { perSecond, ownUs } = JSON.parse(text) as Pick<Showing, 'perSecond' | 'ownUs'>;
      out.row(`the engine alone (io_uring, no run around it), ${device.what}`, {
        what,
        depth,
        'ops/s': perSecond,
        'own, µs/op': ownUs,
      });
    }
  }
}
