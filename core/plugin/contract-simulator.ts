/**
 * What can be said against a simulator without running it: its declarations, and its pure functions over a grid of
 * inputs. A simulator enters, sentences leave. Runs in the process of the contract probe, never in brunt's own.
 */
import { messageOf } from '../base/errors.js';
import type { Expectation } from '../contract/expectation.js';
import type { Capability, HostFacts, ResourceEstimate } from '../contract/host.js';
import type { MetricKind, MetricUnit } from '../contract/metrics.js';
import type { AnySimulator, Resource } from '../contract/plugin.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import { madeUp, schemaFaults, unsaid } from './contract-schema.js';
import { expectationFault } from './expectations.js';
import { resolveOptions } from './options.js';

const KINDS: readonly MetricKind[] = ['counter', 'gauge', 'ratio', 'trend'];
const UNITS: readonly MetricUnit[] = [
  ...(['ns', 'bytes', 'share', 'cores', 'count', 'celsius', 'hertz', 'ops/s', 'bytes/s', 'flop/s'] as const),
  'state',
];
const ACROSS = ['sum', 'mean', 'max', 'min'];
const CAPABILITIES: readonly Capability[] = [
  ...(['linux', 'root', 'libc', 'nice', 'cgroup1', 'cgroup2', 'psi', 'alarm'] as const),
];
const RESOURCES: readonly Resource[] = ['memory', 'openFiles', 'disk', 'pids', 'sockets'];
const AMOUNTS: readonly (keyof ResourceEstimate)[] = [
  ...(['memoryBytes', 'cores', 'diskBytes', 'openFiles', 'threads', 'pids', 'sockets', 'inodes'] as const),
  'realTimeCores',
  'bytesPerSecond',
];
/** Series of one actor beyond this many go to an overflow series. */
const SERIES_MAX = 200;
const OPERATION = /^[a-z][A-Za-z0-9_-]*$/;
/** What estimates are asked for: each peak with each number of instances and each time. */
const GRID = { peaks: [1, 1000, 2 ** 30], instances: [1, 7, 64], loadedMs: [0, 1000, 3_600_000] } as const;

export function simulatorFaults(simulator: AnySimulator, host: HostFacts): string[] {
  const { description, quietMs } = simulator;
  const faults: string[] = [];
  if (typeof description !== 'string' || description.trim() === '') faults.push('it has no description');
  if (quietMs !== undefined && !(quietMs > 0 && quietMs < Infinity))
    faults.push('quietMs is no time above 0');
  const ofSchema = schemaFaults(simulator.options);
  faults.push(...operationFaults(simulator), ...metricFaults(simulator.metrics), ...ofSchema);
  if (ofSchema.length > 0) return faults;
  return [...faults, ...baseFaults(simulator, host), ...pureFaults(simulator, host)];
}

function operationFaults({ operations = [] }: AnySimulator): string[] {
  const strange = operations.filter((name) => typeof name !== 'string' || !OPERATION.test(name));
  const faults = strange.map((name) => `${JSON.stringify(name)} is not a name for an operation`);
  if (new Set(operations).size < operations.length) faults.push('an operation is declared twice');
  return faults;
}

/** Also of probes. */
export function metricFaults(metrics: AnySimulator['metrics']): string[] {
  const specs = Object.entries(metrics as Readonly<Record<string, Readonly<Record<string, unknown>>>>);
  const faults = specs.flatMap(([name, spec]) =>
    specFaults(spec).map((fault) => `metric "${name}": ${fault}`),
  );
  const series = specs.reduce((sum, [, { tags }]) => sum + seriesOf(tags), 0);
  if (series > SERIES_MAX) faults.push(`its metrics make ${series} series, more than ${SERIES_MAX}`);
  return faults;
}

function specFaults(spec: Readonly<Record<string, unknown>>): string[] {
  const { kind, unit, help, tags, across, better, mustBeZero } = spec;
  const faults: string[] = [];
  if (!KINDS.some((known) => known === kind)) faults.push(`"${String(kind)}" is no kind`);
  if (!UNITS.some((known) => known === unit))
    faults.push(`"${String(unit)}" is no unit; known are ${UNITS.join(', ')}`);
  if (typeof help !== 'string' || help.trim() === '') faults.push('it has no help');
  if (across !== undefined && (kind !== 'gauge' || !ACROSS.some((known) => known === across)))
    faults.push(`across is for gauges, and one of ${ACROSS.join(', ')}`);
  if (better !== undefined && better !== 'lower' && better !== 'higher')
    faults.push('better is "lower" or "higher"');
  if (mustBeZero !== undefined && kind !== 'counter') faults.push('mustBeZero is for counters');
  if (tags !== undefined && seriesOf(tags) === 0) faults.push('each tag needs a list of its values');
  return faults;
}

function seriesOf(tags: unknown): number {
  if (tags === undefined) return 1;
  if (typeof tags !== 'object' || tags === null) return 0;
  return Object.values(tags).reduce(
    (product: number, values: unknown) => product * (Array.isArray(values) ? values.length : 0),
    1,
  );
}

function baseFaults({ controls }: AnySimulator, host: HostFacts): string[] {
  return controls.flatMap(({ unit, bases = {} }) =>
    Object.entries(bases).flatMap(([name, base]) => {
      const answer = twice(() => base(host));
      const where = `base "${name}" of the control in ${unit}`;
      if (typeof answer === 'string') return [`${where} ${answer}`];
      const amount = answer.value;
      return Number.isFinite(amount) && amount >= 0 ? [] : [`${where} is ${amount} on this host`];
    }),
  );
}

function pureFaults(simulator: AnySimulator, host: HostFacts): string[] {
  const schema = simulator.options as ObjectSchema;
  const made = unsaid(schema).map((key) => [key, madeUp(schema.properties[key] ?? schema)] as const);
  if (made.some(([, value]) => value === undefined)) return []; // nothing to call them with
  const { options } = resolveOptions(schema, Object.fromEntries(made), {
    directory: '/',
    writeDirectory: '/',
  });
  const faults: string[] = [];
  const listed = (
    name: 'needs' | 'isolation' | 'takes' | 'shared',
    isKnown: (value: unknown) => boolean,
  ): void => {
    const said: unknown = simulator[name];
    if (said === undefined) return;
    const answer = twice(() =>
      typeof said === 'function' ? (said as (input: { options: unknown }) => unknown)({ options }) : said,
    );
    if (typeof answer === 'string') faults.push(`${name} ${answer}`);
    else if (!isKnown(answer.value))
      faults.push(`${name} is ${JSON.stringify(answer.value)}, which is not known`);
  };
  const isCapability = (value: unknown): boolean => CAPABILITIES.some((known) => known === value);
  listed('needs', (value) => Array.isArray(value) && value.every(isCapability));
  listed('isolation', (value) => value === 'thread' || value === 'process');
  listed('takes', (value) => value === null || RESOURCES.some((known) => known === value));
  listed('shared', (value) => Number.isSafeInteger(value) && Number(value) >= 0);
  faults.push(...instanceFaults(simulator, host), ...estimateFaults(simulator, options, host));
  faults.push(...expectationFaults(simulator, options, host));
  return faults;
}

function instanceFaults({ defaultInstances, controls }: AnySimulator, host: HostFacts): string[] {
  if (defaultInstances === undefined) return [];
  const control = controls[0]?.kind ?? 'amount';
  const answer = twice(() => defaultInstances(host, { control, amount: 1 }));
  if (typeof answer === 'string') return [`defaultInstances ${answer}`];
  const { value } = answer;
  return Number.isInteger(value) && value >= 1
    ? []
    : [`defaultInstances is ${value}, no number of instances`];
}

/** The first fault only: they would mostly be the same everywhere. */
function estimateFaults(simulator: AnySimulator, options: unknown, host: HostFacts): string[] {
  if (simulator.estimate === undefined) return [];
  for (const { kind: control } of simulator.controls) {
    for (const peak of GRID.peaks) {
      for (const instances of GRID.instances) {
        for (const loadedMs of GRID.loadedMs) {
          const input = { options, control, peak, instances, loadedMs, host };
          const answer = twice(() => simulator.estimate?.(input as never) ?? {});
          const fault = typeof answer === 'string' ? answer : amountFault(answer.value);
          if (fault !== null)
            return [
              `estimate ${fault} (control ${control}, peak ${peak}, ${instances} instances, ${loadedMs} ms)`,
            ];
        }
      }
    }
  }
  return [];
}

/** The first fault only, as above. */
function expectationFaults(simulator: AnySimulator, options: unknown, host: HostFacts): string[] {
  if (simulator.expects === undefined) return [];
  for (const { kind: control } of simulator.controls) {
    for (const peak of GRID.peaks) {
      for (const instances of GRID.instances) {
        const input = { options, control, peak, instances, host };
        const answer = twice(() => simulator.expects?.(input as never) ?? []);
        if (typeof answer === 'string') return [`expects ${answer}`];
        const said: readonly Expectation[] = answer.value;
        if (!Array.isArray(said)) return ['expects is no list'];
        const fault = said
          .map((one: Expectation) => expectationFault(one, simulator))
          .find((one) => one !== null);
        if (fault !== undefined) return [`expects ${fault}`];
      }
    }
  }
  return [];
}

function amountFault(estimate: ResourceEstimate): string | null {
  for (const [key, amount] of Object.entries(estimate) as [keyof ResourceEstimate, unknown][]) {
    if (!AMOUNTS.includes(key)) return `names "${key}"; known are ${AMOUNTS.join(', ')}`;
    if (amount !== undefined && !(Number.isFinite(amount) && Number(amount) >= 0))
      return `of ${key} is ${typeof amount === 'number' ? amount : JSON.stringify(amount)}`;
  }
  return null;
}

/** A pure function answers the same twice. The answer, or what is wrong with it. */
function twice<T>(call: () => T): { readonly value: T } | string {
  try {
    const value = call();
    const again = call();
    return JSON.stringify(value) === JSON.stringify(again)
      ? { value }
      : 'answers differently when asked twice';
  } catch (error) {
    return `throws: ${messageOf(error)}`;
  }
}
