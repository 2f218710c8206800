/**
 * Memory: does what is held follow what is asked, how fast is it there, and what does holding it cost. Everything is
 * read from outside, from /proc of the agent; beside stress-ng, which reaches the same end state: so much is resident.
 */
import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchOutput } from './bench.js';
import { processTree, threadCpuNs } from './support/kernel-cpu.js';
import { peerVersion } from './support/peers.js';
import { median } from './support/stats.js';
import { keepFolder } from './support/leftovers.js';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const WARMER = fileURLToPath(new URL('./support/programs/warmer.js', import.meta.url));
const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Of one level: long enough to settle, and to be read near its end. */
const LEVEL_MS = 3000;
const READ_AT = 0.85;
const LEVELS = [0, 0.1, 0.5, 1, 0.75, 0.333, 0.9, 0.05] as const;
const POLL_MS = 4;
/** Held is what was asked, but for this: the heap of Node moves by itself. */
const SLACK_BYTES = 16 * MIB;
const HOLD_MS = 3000;
const GIVE_UP_MS = 60_000;
/**
 * The host of a virtual machine takes free memory back bit by bit, every two seconds some (free page reporting of Linux): after
 * so long it has all. What was freed last is had first, and warm for a while.
 */
const COLD_MS = 40_000;
/**
 * To end a process that has so much takes the kernel that long at most, and meanwhile the memory begins to cool: both tools
 * begin so long after it was told to end, which does not count.
 */
const FREE_MS = 1000;
/** Warmed beside what is to be taken: what the tools themselves need. */
const BESIDE_BYTES = GIB / 2;

export const memory: Bench = {
  name: 'memory',
  title: 'Memory: exact, fast, and free to hold',
  about: `Levels of one peak, up and down: what the kernel says is resident, against what was asked at that moment: in
the whole agent (RssAnon and RssShmem of \`/proc/PID/status\`, less what it was before the load), and in what the simulator
mapped (\`/proc/PID/smaps\`). Then the time until a
large amount is resident: brunt writes every byte of it with a pattern made of its address, \`stress-ng --vm 1
--vm-populate --vm-keep --vm-hang 0\` has it populated (in huge pages: written, since populating gives it small ones); in turn, from the start of the load (there: from the start of its
worker) and from the start of the command. Right before, another process that had as much is ended, so that each finds
memory that the host of the virtual machine has backed; what it takes on memory that the host has taken back is told apart,
and judged nowhere: there the host is measured. Then the processor time of the process that holds it, for ${HOLD_MS / 1000} s.`,
  async run(out, { isShort }) {
    const stress = peerVersion('stress-ng');
    out.peer('stress-ng', stress, 'Debian: apt install stress-ng');
    const bytes = isShort ? 512 * MIB : 4 * GIB;
    if (freemem() < 2 * bytes + BESIDE_BYTES) {
      out.note(`less than ${(2 * bytes) / GIB} GiB are free: nothing was measured`);
      return;
    }
    await exactness(out, isShort ? 128 * MIB : GIB);
    await speed(out, bytes, isShort ? 1 : 3, stress !== null);
  },
};

async function exactness(out: BenchOutput, peak: number): Promise<void> {
  const [errors, mapped]: [number[], number[]] = [[], []];
  for (const [name, options] of [
    ['small pages', {}],
    ['huge pages', { pages: 'huge' }],
    ['shared', { pattern: 'shared' }],
  ] as const) {
    out.say(`levels, ${name}`);
    const phases = LEVELS.map((level, i) => ({ name: `l${i}`, ms: LEVEL_MS, level }));
    const run = new BruntRun({ peak, instances: 1, options, phases });
    try {
      const agent = await run.agent();
      let [base, mappedBase] = [0, 0];
      for (const [i, level] of LEVELS.entries()) {
        await run.says(`l${i} (`);
        await sleep(LEVEL_MS * READ_AT);
        const resident = residentBytes(agent);
        if (i === 0) [base, mappedBase] = [resident, mappedBytes(agent)];
        const asked = Math.floor(level * peak);
        const off = resident - base - asked;
        const offMapped = mappedBytes(agent) - mappedBase - asked;
        if (i > 0) errors.push(Math.abs(off) / peak);
        mapped.push(Math.abs(offMapped));
        out.row('Resident against asked, MiB', {
          Memory: name,
          Asked: asked / MIB,
          'Process, more than before': (resident - base) / MIB,
          'off by': off / MIB,
          'Its mapping off by, KiB': offMapped / 1024,
        });
      }
      await run.done;
    } finally {
      run.remove();
    }
  }
  out.aim({
    what: 'resident of its mapping less asked, at worst (a page)',
    is: '<=',
    limit: 4,
    unit: 'KiB',
    value: Math.max(...mapped) / 1024,
  });
  out.aim({
    what: 'the whole process (with the heap of Node) less before and asked, of the peak, at worst',
    is: '<=',
    limit: 1,
    unit: '%',
    value: 100 * Math.max(...errors),
  });
}

/**
 * Resident in what the simulator maps: areas without reservation (nr) whose pages are marked small (nh) or huge (hg). The
 * kernel marks the stacks of threads small too, but they are reserved.
 */
function mappedBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1');
  return text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).reduce((sum, area) => {
    const flags = /^VmFlags:(.*)$/m.exec(area)?.[1] ?? '';
    if (!/ nr\b/.test(flags) || !/ (nh|hg)\b/.test(flags)) return sum;
    return sum + Number(/^Rss:\s+(\d+) kB$/m.exec(area)?.[1]) * 1024;
  }, 0);
}

/** With --vm-populate it has small pages before it asks for huge ones: it makes them by writing, then, as brunt does too. */
const HUGE_WRITTEN = ['--vm-method', 'write64', '--vm-madvise', 'hugepage'];
/** Once each on cold memory too, at the end. */
const COLD_TOO: readonly string[] = ['brunt, 1 instance', 'stress-ng'];
const COLD = ', memory cold';

interface Held {
  /** From the start of the load, and of the command, until it was resident. */
  readonly loadMs: number;
  readonly commandMs: number;
  /** While it was held. */
  readonly cpuShare: number;
  /** Of the thread that had worked most until then. */
  readonly threadShare: number;
}

/** `free` ends what has kept the memory warm: right before it is taken, since it cools within a second or two. */
type Way = (free: () => Promise<void>) => Promise<Held>;

async function speed(out: BenchOutput, bytes: number, repeats: number, hasPeer: boolean): Promise<void> {
  const ways: Record<string, Way> = {
    'brunt, 1 instance': (free) => holdByBrunt(free, bytes, 1),
    'brunt, 2 instances': (free) => holdByBrunt(free, bytes, 2),
    'brunt, 1 instance, huge pages': (free) => holdByBrunt(free, bytes, 1, { pages: 'huge' }),
    ...(hasPeer && {
      'stress-ng': (free) => holdByStressNg(free, bytes, ['--vm-populate']),
      'stress-ng, huge pages': (free) => holdByStressNg(free, bytes, HUGE_WRITTEN),
    }),
  };
  const held: Record<string, Held[]> = {};
  for (let round = 0; round < repeats; round++) {
    const list = Object.entries(ways);
    for (const [name, hold] of [...list.slice(round), ...list.slice(0, round)]) {
      out.say(`round ${round + 1} of ${repeats}: ${name}`);
      (held[name] ??= []).push(
        await hold(await warm(bytes + BESIDE_BYTES, name.includes('huge') ? 'huge' : 'small')),
      );
    }
  }
  const of = (name: string, pick: (h: Held) => number): number => median((held[name] ?? []).map(pick));
  const table = `Until ${bytes / GIB} GiB are resident`;
  for (const name of Object.keys(ways).filter((name) => repeats > 1 && COLD_TOO.includes(name))) {
    out.say(`${name}, on memory that the host has taken back`);
    await sleep(COLD_MS);
    held[name + COLD] = [await (ways[name] as Way)(() => Promise.resolve())];
  }
  for (const name of Object.keys(held)) {
    const loadMs = of(name, (h) => h.loadMs);
    out.row(table, {
      '': name,
      Runs: (held[name] ?? []).length,
      'From load, ms': loadMs,
      'GB/s': bytes / 1e6 / loadMs,
      'From command, ms': of(name, (h) => h.commandMs),
      'CPU while held, % of a core': 100 * of(name, (h) => h.cpuShare),
      'of its working thread': 100 * of(name, (h) => h.threadShare),
    });
  }
  const ratio = (ours: string, theirs: string): number =>
    of(theirs, (h) => h.loadMs) / of(ours, (h) => h.loadMs);
  const what = (ours: string, theirs: string): string => `speed of ${ours} ÷ ${theirs}, from load`;
  for (const [ours, theirs] of [
    ['brunt, 1 instance', 'stress-ng'],
    ['brunt, 1 instance, huge pages', 'stress-ng, huge pages'],
  ] as const)
    out.aim({
      what: what(ours, theirs),
      is: '>=',
      limit: 1,
      unit: '',
      value: hasPeer ? ratio(ours, theirs) : null,
    });
  out.aim({
    what: 'processor time of the thread that holds',
    is: '<=',
    limit: 0,
    unit: '% of a core',
    value: 100 * of('brunt, 1 instance', (h) => h.threadShare),
  });
  out.note(
    'Each time is the median of its runs. brunt has written all of it by then; stress-ng, in small pages, has it there and begins to write.',
  );
}

/**
 * Another process has so much, in pages of that kind (the kernel takes huge ones from other places); the end of it leaves
 * memory that the host has backed to whoever comes next.
 */
async function warm(bytes: number, pages: 'small' | 'huge'): Promise<() => Promise<void>> {
  const child = fork(WARMER, [String(bytes), pages]);
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${bytes} bytes could not be warmed`))),
  ]);
  return async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
}

async function holdByBrunt(
  free: () => Promise<void>,
  bytes: number,
  instances: number,
  options: object = {},
): Promise<Held> {
  const fromMs = performance.now();
  const phases = [
    { name: 'wait', ms: FREE_MS, level: 0 },
    { name: 'hold', ms: GIVE_UP_MS + HOLD_MS, level: 1 },
  ];
  const run = new BruntRun({ peak: bytes, instances, options, phases });
  try {
    const agent = await run.agent();
    const base = residentBytes(agent);
    await run.says('wait (');
    await free();
    await run.says('hold (');
    const loadMs = performance.now();
    await untilResident(() => residentBytes(agent) - base, bytes);
    const nowMs = performance.now();
    return { loadMs: nowMs - loadMs, commandMs: nowMs - fromMs - FREE_MS, ...(await cpuOf(agent)) };
  } finally {
    await run.stop();
  }
}

async function holdByStressNg(
  free: () => Promise<void>,
  bytes: number,
  more: readonly string[],
): Promise<Held> {
  await Promise.all([free(), sleep(FREE_MS)]);
  const fromMs = performance.now();
  const child = spawn(
    'stress-ng',
    ['--vm', '1', '--vm-bytes', String(bytes), '--vm-keep', '--vm-hang', '0', ...more],
    { stdio: 'ignore' },
  );
  try {
    // The worker is the grandchild: the one that takes.
    const worker = (): number => processTree(child.pid ?? -1)[2] ?? -1;
    while (worker() < 0 && performance.now() - fromMs < GIVE_UP_MS) await sleep(POLL_MS);
    const pid = worker();
    const loadMs = performance.now();
    await untilResident(() => residentBytes(pid), bytes);
    const nowMs = performance.now();
    return { loadMs: nowMs - loadMs, commandMs: nowMs - fromMs, ...(await cpuOf(pid)) };
  } finally {
    await stop(child);
  }
}

/** What it does right after the amount is there (marks, frames, checks) is let pass first. */
async function cpuOf(pid: number): Promise<Pick<Held, 'cpuShare' | 'threadShare'>> {
  await sleep(1500);
  const read = (): Map<string, number> =>
    new Map(readdirSync(`/proc/${pid}/task`).map((tid) => [tid, threadCpuNs(pid, tid)]));
  const before = read();
  const fromMs = performance.now();
  await sleep(HOLD_MS);
  const spanNs = (performance.now() - fromMs) * 1e6;
  const after = read();
  const used = (tid: string): number => (after.get(tid) ?? 0) - (before.get(tid) ?? 0);
  const [busiest = ''] = [...before.keys()].sort((a, b) => (before.get(b) ?? 0) - (before.get(a) ?? 0));
  const all = [...after.keys()].reduce((sum, tid) => sum + used(tid), 0);
  return { cpuShare: all / spanNs, threadShare: used(busiest) / spanNs };
}

async function untilResident(read: () => number, bytes: number): Promise<void> {
  const endMs = performance.now() + GIVE_UP_MS;
  while (read() < bytes - SLACK_BYTES) {
    if (performance.now() > endMs) throw new Error(`${bytes} bytes were not resident after ${GIVE_UP_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Memory of no file, by the kernel's account; 0 when the process is gone. */
function residentBytes(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
    return (kib('RssAnon') + kib('RssShmem')) * 1024;
  } catch {
    return 0; // gone
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

interface RunInput {
  readonly peak: number;
  readonly instances: number;
  readonly options: object;
  readonly phases: readonly { readonly name: string; readonly ms: number; readonly level: number }[];
}

/** The command line in a folder of its own, with what it says. */
class BruntRun {
  readonly done: Promise<void>;
  readonly #kept = keepFolder('memory');
  readonly #folder = this.#kept.path;
  readonly #child: ChildProcess;
  #said = '';
  #hasEnded = false;

  constructor({ peak, instances, options, phases }: RunInput) {
    const scenario = {
      version: 1,
      actors: { hog: { uses: 'memory', peak: `${peak / MIB}MiB`, instances, with: options } },
      phases: phases.map(({ name, ms, level }) => ({
        name,
        duration: `${ms}ms`,
        load: { hog: `${level * 100}%` },
      })),
    };
    writeFileSync(join(this.#folder, 'memory.json'), JSON.stringify(scenario));
    this.#child = spawn(process.execPath, [MAIN, 'run', 'memory.json', '--profile', 'lab'], {
      cwd: this.#folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.done = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
    });
  }

  async says(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.#hasEnded) throw new Error(`brunt ended without saying "${text}":\n${this.#said}`);
      await sleep(POLL_MS);
    }
  }

  /** The pid of its only agent, which has loaded and waits. */
  async agent(): Promise<number> {
    await this.says('hog: held in');
    const [, agent = -1] = processTree(this.#child.pid ?? -1);
    return agent;
  }

  async stop(): Promise<void> {
    await stop(this.#child);
    this.remove();
  }

  remove(): void {
    this.#kept.remove();
  }
}
