/**
 * Bench `io`: operations a second and processor time for each, beside fio's io_uring engine, on a block device in RAM, on a
 * file with O_DIRECT and buffered; and what the engine can do at most where the kernel does nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import type { Point, Showing } from './support/io-contest.js';
import { byBrunt, byFio } from './support/io-contest.js';
import type { IoTarget } from './support/io-targets.js';
import { bigFile, ramDevice } from './support/io-targets.js';
import { peerVersion } from './support/peers.js';
import type { Pattern } from './support/plugins/io.js';
import { median } from './support/stats.js';

const KIB = 1024;
const AREA_BYTES = 512 * 2 ** 20;
const REPEATS = 3;
const SPAN_MS = 1600;
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
const SHORT_SHAPES = SHAPES.filter(({ pattern, depth }) => pattern === 'randread' && depth <= DEEP);

export const io: Bench = {
  name: 'io',
  title: 'Disk I/O beside fio',
  about: [
    'A real run of brunt (plan, agent, pacing, engine, recorders of three latencies, windows) beside fio with its io_uring engine ' +
      '(`--registerfiles --fixedbufs --norandommap --randrepeat=0 --invalidate=0 --scramble_buffers=0`): same target, same ' +
      `pattern, block size and depth, ${REPEATS} times each in turn, ${SPAN_MS} ms measured after 300 ms of warm-up. ` +
      'Both write one buffer of random bytes for each operation in flight again and again; targets are filled with random bytes ' +
      `first, ${AREA_BYTES / 2 ** 20} MiB each. The buffered file is in the page cache for both.`,
    'brunt takes the engine that `auto` picks: sync where one operation is in flight, io_uring beyond; where it says io_uring at ' +
      'depth 1 it was asked for by name. Processor time is what the kernel says of the whole machine over the span, its own workers ' +
      'counted, and beside it that of the tool’s processes alone (of brunt: orchestrator, guard and agent).',
  ].join('\n\n'),
  run: measure,
};

async function measure(out: BenchOutput, flags: BenchFlags): Promise<void> {
  const fio = peerVersion('fio');
  out.peer('fio', fio, 'Debian package fio');
  const bytes = flags.isShort ? AREA_BYTES / 8 : AREA_BYTES;
  const device = ramDevice(bytes);
  if (typeof device === 'string') {
    out.note(`A block device in RAM cannot be had here: ${device}.`);
    for (const aim of aimsOf('RAM device', [], fio)) out.aim({ ...aim, note: device });
  } else {
    try {
      await contest(out, flags, { target: device, title: `${device.what}, O_DIRECT`, isDirect: true, fio });
      ceilings(out, flags, device);
    } finally {
      device.remove();
    }
  }
  const file = bigFile(bytes);
  try {
    await contest(out, flags, { target: file, title: 'file, O_DIRECT', isDirect: true, fio });
    await contest(out, flags, { target: file, title: 'file, buffered', isDirect: false, fio });
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

interface Ratio {
  readonly depth: number;
  readonly perSecond: number;
  readonly machineUs: number;
  readonly what: string;
}

async function contest(out: BenchOutput, flags: BenchFlags, match: Match): Promise<void> {
  const ratios: Ratio[] = [];
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

async function compare(
  out: BenchOutput,
  flags: BenchFlags,
  { target, title, isDirect, fio }: Match,
  shape: Shape & Pick<Point, 'engine'>,
): Promise<Ratio | null> {
  const point: Point = { ...shape, path: target.path, areaBytes: target.bytes, isDirect };
  const spanMs = flags.isShort ? SPAN_MS / 2 : SPAN_MS;
  const [ours, theirs]: [Showing[], Showing[]] = [[], []];
  for (let i = 0; i < (flags.isShort ? 1 : REPEATS); i++) {
    ours.push(await byBrunt(point, spanMs, flags.seed + i));
    if (fio !== null) theirs.push(await byFio(point, spanMs));
  }
  const of = (all: readonly Showing[], key: keyof Showing): number | null =>
    all.length === 0 ? null : median(all.map((one) => one[key]));
  const ratio = (key: keyof Showing): number | null => {
    const [mine, other] = [of(ours, key), of(theirs, key)];
    return mine === null || other === null ? null : mine / other;
  };
  const what = `${shape.pattern} ${shape.blockBytes / KIB} KiB, depth ${shape.depth}`;
  out.say(`${title}: ${what} (${shape.engine}): ${ratio('perSecond')?.toFixed(2) ?? '-'} of fio`);
  out.row(title, {
    pattern: shape.pattern,
    'block, KiB': shape.blockBytes / KIB,
    depth: shape.depth,
    engine: shape.engine,
    'brunt, ops/s': of(ours, 'perSecond'),
    'fio, ops/s': of(theirs, 'perSecond'),
    'ops/s, brunt / fio': ratio('perSecond'),
    'brunt, CPU µs/op': of(ours, 'machineUs'),
    'fio, CPU µs/op': of(theirs, 'machineUs'),
    'CPU, brunt / fio': ratio('machineUs'),
    'brunt’s own, µs/op': of(ours, 'ownUs'),
    'fio’s own, µs/op': of(theirs, 'ownUs'),
    failed: ours.reduce((sum, { failed }) => sum + failed, 0),
  });
  const [perSecond, machineUs] = [ratio('perSecond'), ratio('machineUs')];
  return perSecond === null || machineUs === null ? null : { depth: shape.depth, perSecond, machineUs, what };
}

/** The worst point is what is judged. */
function aimsOf(title: string, ratios: readonly Ratio[], fio: string | null) {
  const note = fio === null ? { note: 'fio is not here' } : {};
  const slowest = [...ratios].sort((a, b) => a.perSecond - b.perSecond)[0];
  const dearest = ratios.filter(({ depth }) => depth >= DEEP).sort((a, b) => b.machineUs - a.machineUs)[0];
  return [
    {
      what: `${title}: operations a second, of fio's, at the worst point${slowest === undefined ? '' : ` (${slowest.what})`}`,
      is: '>=' as const,
      limit: 1,
      unit: '',
      value: slowest?.perSecond ?? null,
      ...note,
    },
    {
      what: `${title}: processor time an operation, of fio's, at the worst point of depth ≥ ${DEEP}${dearest === undefined ? '' : ` (${dearest.what})`}`,
      is: '<=' as const,
      limit: 1,
      unit: '',
      value: dearest?.machineUs ?? null,
      ...note,
    },
  ];
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
