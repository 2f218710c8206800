/**
 * What this host can do for brunt, found by trying: nothing enters, facts leave as data. `verbs/doctor.ts` prints them.
 */
import type { Capability, HostFacts } from '../core/contract/host.js';
import { HOST_METRICS } from '../core/metrics/catalogue.js';
import { libc } from '../core/linux/libc.js';
import { fingerprint, readHostFacts } from '../core/safety/host-facts.js';
import type { Fingerprint } from '../core/safety/host-facts.js';
import { openSensors } from '../core/safety/sensors.js';

export interface CapabilityReport {
  readonly name: Capability;
  readonly isHere: boolean;
  readonly enables: string;
  /** How to get it. */
  readonly how: string;
}

export interface SensorReport {
  readonly sensor: string;
  readonly isHere: boolean;
  readonly unit: string;
  /** Null: none yet (some need two readings), or absent. */
  readonly value: number | null;
}

export interface Diagnosis {
  readonly host: HostFacts;
  readonly who: Fingerprint;
  readonly capabilities: readonly CapabilityReport[];
  readonly sensors: readonly SensorReport[];
  /** fifo: the guard runs before everything else; nice: it is preferred; none: it competes with the load. */
  readonly guardPriority: 'fifo' | 'nice' | 'none';
  /** Whether the optional package koffi is installed and has a binary for this platform. */
  readonly koffi: boolean;
  readonly clock: { readonly resolutionNs: number; readonly readNs: number; readonly wakeLateNs: number };
}

type Text = Pick<CapabilityReport, 'enables' | 'how'>;

const ABOUT: Readonly<Record<Capability, Text>> = {
  linux: {
    enables: 'sensors of pressure, control groups, limits of processes; the dead man’s switch in the kernel',
    how: 'Elsewhere the portable parts work, best effort.',
  },
  root: {
    enables: 'more priority for the guard, block devices',
    how: 'Not needed for anything that ships as a scenario. Run as root only on a machine that may break.',
  },
  libc: {
    enables:
      'system calls that Node lacks: exact processor time of threads, priority, alarm, credit that the guard voids by itself',
    how: 'npm install koffi (an optional dependency; it brings binaries for 64-bit Linux).',
  },
  nice: {
    enables: 'a guard that is scheduled before the load',
    how: 'Raise the limit: ulimit -e 30, LimitNICE= of a service, or --cap-add SYS_NICE for a container.',
  },
  cgroup1: {
    enables: 'limits of memory, processor and processes from control groups of the first kind',
    how: 'Nothing to do: where there are none, the limits are those of the machine.',
  },
  cgroup2: {
    enables: 'limits of memory, processor and processes from control groups of the second kind',
    how: 'Nothing to do: where there are none, the limits are those of the machine.',
  },
  psi: {
    enables: 'limits and thresholds on host.*.pressure: how long tasks wait for what is short',
    how: 'A kernel from 4.20 with CONFIG_PSI; where it is off by default, boot with psi=1.',
  },
  alarm: {
    enables: 'the kernel ends an agent whose main thread is stuck after brunt is gone',
    how: 'Comes with libc, see there.',
  },
};

export async function diagnose(): Promise<Diagnosis> {
  const [host, who] = await Promise.all([readHostFacts(), fingerprint()]);
  const capabilities = (Object.keys(ABOUT) as Capability[]).map((name) => {
    return { name, isHere: host.capabilities.includes(name), ...ABOUT[name] };
  });
  const clock = measureClock();
  const sensors = readSensors();
  return {
    host,
    who,
    capabilities,
    sensors,
    clock,
    koffi: libc() !== null,
    guardPriority: guardPriority(host),
  };
}

function readSensors(): SensorReport[] {
  const { sensors, absent } = openSensors([process.cwd()]);
  const unit = (metric: string): string =>
    Object.entries(HOST_METRICS).find(([name]) => name === metric)?.[1].unit ?? '';
  const now = Number(process.hrtime.bigint());
  const here = sensors.map((sensor) => {
    const value = sensor.read(now);
    sensor.close();
    return { sensor: sensor.metric, isHere: true, unit: unit(sensor.metric), value };
  });
  const missing = absent.map((sensor) => ({ sensor, isHere: false, unit: unit(sensor), value: null }));
  return [...here, ...missing].sort((a, b) => a.sensor.localeCompare(b.sensor));
}

/** Tried on this thread, which has little left to do. What the guard asks for, see guard-thread. */
function guardPriority(host: HostFacts): Diagnosis['guardPriority'] {
  if (libc()?.setFifo(1) === true) return 'fifo';
  return host.capabilities.includes('nice') ? 'nice' : 'none';
}

const CLOCK_READS = 20_000;
const WAKES = 50;

/** The smallest step of the clock, what reading it costs, and how late the median wait of 1 ms ends. */
function measureClock(): Diagnosis['clock'] {
  let resolutionNs = Infinity;
  const from = process.hrtime.bigint();
  let last = from;
  for (let i = 0; i < CLOCK_READS; i++) {
    const now = process.hrtime.bigint();
    if (now > last) resolutionNs = Math.min(resolutionNs, Number(now - last));
    last = now;
  }
  const word = new Int32Array(new SharedArrayBuffer(4));
  const late = Array.from({ length: WAKES }, () => {
    const start = process.hrtime.bigint();
    Atomics.wait(word, 0, 0, 1);
    return Number(process.hrtime.bigint() - start) - 1e6;
  }).sort((a, b) => a - b);
  return { resolutionNs, readNs: Number(last - from) / CLOCK_READS, wakeLateNs: late[WAKES / 2] ?? 0 };
}
