/** All benches, in the order of the page. What a bench needs beyond its own file it imports when it runs. */
import type { Bench } from './bench.js';
import { cpuKernels } from './cpu-kernels.js';
import { cpuLevel } from './cpu-level.js';
import { io } from './io.js';
import { ioLatency } from './io-latency.js';
import { ioRate } from './io-rate.js';
import { kill } from './kill.js';
import { lostWrites } from './lost-writes.js';
import { machinery } from './machinery.js';
import { memory } from './memory.js';
import { pacing } from './pacing.js';
import { percentiles } from './percentiles.js';
import { protection } from './protection.js';
import { recorder } from './recorder.js';
import { soak } from './soak.js';
import { stall } from './stall.js';
import { start } from './start.js';
import { trust } from './trust.js';

export const BENCHES: readonly Bench[] = [
  // what brunt costs
  start,
  machinery,
  recorder,
  percentiles,
  pacing,
  // how it protects, and whether it is to be believed
  protection,
  kill,
  soak,
  trust,
  // how its simulators do beside their peers
  cpuLevel,
  cpuKernels,
  io,
  ioRate,
  ioLatency,
  memory,
  stall,
  lostWrites,
];
