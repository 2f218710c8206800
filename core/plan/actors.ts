/**
 * Actors of a scenario on this host: percentages become amounts, instances and shares are fixed, the cost is asked.
 * `build.ts` calls it for one actor at a time; mistakes are given back with their paths.
 */
import { messageOf } from '../base/errors.js';
import { formatNumber, formatQuantity } from '../base/units.js';
import type { Capability, HostFacts, ResourceEstimate } from '../contract/host.js';
import type { MetricSpecs } from '../contract/metrics.js';
import type { PlannedActor, PlannedPacing, PlannedPeak } from '../contract/plan.js';
import type { AskedPeak, Control, ControlKind, EstimateInput, Resource } from '../contract/plugin.js';
import { must } from '../base/assert.js';
import { expectationFault } from '../plugin/expectations.js';
import type { LoadedSimulator } from '../plugin/registry.js';
import { dimensionOf } from '../scenario/control.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioActor } from '../scenario/scenario.js';
import { sharesOf } from './shares.js';

/** What a plugin's pure functions are given and give, seen from outside. */
interface SimulatorFacts {
  readonly needs: readonly Capability[];
  readonly lane: 'thread' | 'process';
  readonly takes: Resource | null;
  readonly sharedBytes: number;
}

/** All of a planned actor that needs no timeline; the estimate is asked for once the phases are known. */
export interface Placed {
  readonly actor: Omit<PlannedActor, 'estimate'>;
  readonly loaded: LoadedSimulator;
}

export interface PlaceResult {
  readonly placed: Placed | null;
  readonly mistakes: readonly Mistake[];
}

export const QUIET_MS = 3000;
/** Operations outstanding where the scenario does not say. */
const IN_FLIGHT = 64;
/** Of the whole plan; more of one actor are not even counted out. */
export const INSTANCES_MAX = 256;

/** `placed` is null only when the amount or the number of instances cannot be known. */
export function placeActor(actor: ScenarioActor, loaded: LoadedSimulator, host: HostFacts): PlaceResult {
  const { simulator } = loaded;
  const control = must(
    simulator.controls.find(({ unit }) => unit === actor.unit),
    `control of ${actor.name}`,
  );
  const mistakes: Mistake[] = [];
  try {
    const peak = peakOf(actor, control, host);
    const instances = instancesOf(actor, loaded, { peak, control: control.kind }, host);
    const facts = factsOf(actor, loaded);
    mistakes.push(...unmet([...facts.needs, ...actor.needs], actor, host));
    mistakes.push(...misfits(actor, control, peak, instances), ...laneMistakes(actor, facts.lane));
    const faults = impossible(actor, loaded, {
      control: control.kind,
      peak: peak.amount,
      instances,
      host,
    });
    mistakes.push(...faults);
    const pacing = pacingOf(actor, instances, mistakes);
    // What it promises of impossible options nobody needs to hear.
    if (faults.length > 0) return { placed: null, mistakes };
    if (!Number.isFinite(peak.amount) || peak.amount <= 0) return { placed: null, mistakes };
    if (instances > INSTANCES_MAX)
      return { placed: null, mistakes: [...mistakes, tooMany(actor, instances)] };
    const isWhole = isCounted(control);
    return {
      mistakes,
      placed: {
        loaded,
        actor: {
          name: actor.name,
          simulator: simulator.name,
          module: loaded.module,
          builtIn: loaded.builtIn,
          ...(!loaded.builtIn && { plugin: loaded.plugin }),
          options: actor.options,
          control: control.kind,
          unit: control.unit,
          peak,
          instances,
          // A switch is on for every instance, not a part of being on for each.
          shares:
            control.kind === 'switch'
              ? new Array<number>(instances).fill(1)
              : sharesOf(peak.amount, instances, isWhole),
          lane: actor.isolation === 'process' ? 'process' : facts.lane,
          takes: facts.takes,
          sharedBytes: facts.sharedBytes,
          quietMs: simulator.quietMs ?? QUIET_MS,
          operations: simulator.operations ?? [],
          metrics: simulator.metrics as MetricSpecs,
          ...expectationsOf(actor, loaded, { control: control.kind, peak: peak.amount, instances, host }),
          ...(pacing !== null && { pacing }),
          ...(actor.onFailure !== null && { onFailure: actor.onFailure }),
          ...(Object.keys(actor.tags).length > 0 && { tags: { ...actor.tags } }),
        },
      },
    };
  } catch (error) {
    return { placed: null, mistakes: [pluginFault(actor, error)] };
  }
}

/** What the simulator itself says against its options. */
function impossible(
  { name, options }: ScenarioActor,
  { simulator }: LoadedSimulator,
  input: Omit<EstimateInput<never>, 'options' | 'loadedMs'>,
): Mistake[] {
  const faults = simulator.check?.({ ...input, options: options }) ?? [];
  return faults.map(({ path, message, seen, hint }) => ({
    path: ['actors', name, 'with', ...path],
    code: 'E_OPTIONS' as const,
    message: `"${name}": ${message}`,
    ...(seen !== undefined && { seen }),
    ...(hint !== undefined && { hint }),
  }));
}

/** What the simulator promises, as plain data of the plan's own; throws when it cannot be held to it. */
function expectationsOf(
  { options }: ScenarioActor,
  { simulator }: LoadedSimulator,
  input: Omit<EstimateInput<never>, 'options' | 'loadedMs'>,
): Pick<PlannedActor, 'expects'> {
  const expects = simulator.expects?.({ ...input, options }) ?? [];
  for (const expectation of expects) {
    const fault = expectationFault(expectation, simulator);
    if (fault !== null) throw new Error(`it expects ${fault}`);
  }
  return expects.length > 0 ? { expects: structuredClone(expects) } : {};
}

/** A scenario may ask for more isolation than the simulator needs, never for less. */
function laneMistakes({ name, isolation }: ScenarioActor, lane: 'thread' | 'process'): Mistake[] {
  if (isolation !== 'thread' || lane === 'thread') return [];
  const message = `"${name}" needs a process of its own: what it takes is the whole process's`;
  const hint = 'Leave "isolation" out.';
  return [{ path: ['actors', name, 'isolation'], code: 'E_SCHEMA', message, seen: isolation, hint }];
}

/** Every instance has a place for one operation at least. */
function pacingOf(
  { name, pacing, unit }: ScenarioActor,
  instances: number,
  mistakes: Mistake[],
): PlannedPacing | null {
  if (pacing === null) return null;
  const inFlight = pacing.inFlight ?? Math.max(IN_FLIGHT, instances);
  if (unit === 'ops/s' && inFlight < instances) {
    const message = `${inFlight} in flight cannot be shared by ${instances} instances`;
    const hint = 'Use fewer instances, or a larger "inFlight".';
    mistakes.push({ path: ['actors', name, 'inFlight'], code: 'E_PEAK', message, seen: inFlight, hint });
  }
  return { ...pacing, inFlight };
}

function tooMany({ name }: ScenarioActor, instances: number): Mistake {
  const message = `"${name}" would have ${instances} instances, more than ${INSTANCES_MAX}`;
  const hint = 'Write "instances": a smaller number.';
  return { path: ['actors', name], code: 'E_PLAN_SIZE', message, seen: instances, hint };
}

/** Functions of a plugin are foreign code; what they throw is theirs. */
export function pluginFault(actor: ScenarioActor, error: unknown): Mistake {
  const message = `the simulator of "${actor.name}" failed while it was planned: ${messageOf(error)}`;
  return { path: ['actors', actor.name], code: 'E_PLUGIN_LOAD', message };
}

export function isCounted({ unit }: Pick<Control, 'unit'>): boolean {
  return unit === 'bytes' || unit === 'count';
}

function peakOf({ peak }: ScenarioActor, control: Control, host: HostFacts): PlannedPeak {
  if (peak === null) return { amount: 1, text: 'on' };
  if (peak.kind === 'limit') {
    const amount = must(control.limit, `limit of ${control.unit}`)(host);
    return { amount, text: peak.text, base: { name: 'limit', amount } };
  }
  const { quantity, base: name, text } = peak;
  if (name === undefined) return { amount: quantity.value, text };
  const base = must(control.bases?.[name], `base ${name}`)(host);
  const amount = quantity.value * base;
  return { amount: isCounted(control) ? Math.floor(amount) : amount, text, base: { name, amount: base } };
}

function instancesOf(
  { instances, unit }: ScenarioActor,
  { simulator }: LoadedSimulator,
  { peak, control }: { readonly peak: PlannedPeak; readonly control: ControlKind },
  host: HostFacts,
): number {
  if (instances === 'per-core') return Math.max(1, Math.ceil(host.quotaCores));
  if (instances !== null) return instances;
  const chosen = simulator.defaultInstances?.(host, askedPeak(peak, control)) ?? 1;
  if (!Number.isInteger(chosen) || chosen < 1) throw new Error(`it chose ${chosen} instances`);
  // One thread cannot be busy on more than one core.
  return unit === 'cores' ? Math.max(chosen, Math.ceil(peak.amount / (1 + 1e-9))) : chosen;
}

function askedPeak({ amount, base }: PlannedPeak, control: ControlKind): AskedPeak {
  return { control, amount, ...(base !== undefined && { base: base.name }) };
}

function factsOf({ options }: ScenarioActor, { simulator }: LoadedSimulator): SimulatorFacts {
  const resolved = <T>(
    value: T | ((input: { readonly options: never }) => T) | undefined,
    fallback: T,
  ): T => {
    if (value === undefined) return fallback;
    return typeof value === 'function'
      ? (value as (input: { readonly options: unknown }) => T)({ options })
      : value;
  };
  return {
    needs: resolved<readonly Capability[]>(simulator.needs, []),
    lane: resolved<'thread' | 'process'>(simulator.isolation, 'thread'),
    takes: resolved<Resource | null>(simulator.takes, null),
    sharedBytes: resolved<number>(simulator.shared, 0),
  };
}

function unmet(needs: readonly Capability[], actor: ScenarioActor, host: HostFacts): Mistake[] {
  const absent = [...new Set(needs)].filter((need) => !host.capabilities.includes(need));
  if (absent.length === 0) return [];
  const message = `"${actor.name}" needs ${absent.join(', ')}, which this host does not have`;
  return [{ path: ['actors', actor.name], code: 'E_UNAVAILABLE', message, seen: absent }];
}

/** What no number of retries would make fit: told now, not as an untrustworthy run. */
function misfits(actor: ScenarioActor, control: Control, peak: PlannedPeak, instances: number): Mistake[] {
  const spot = { path: ['actors', actor.name, 'peak'], code: 'E_PEAK' as const, seen: peak.text };
  const dimension = dimensionOf(control.unit);
  const amount = dimension === null ? 'on' : formatQuantity(peak.amount, dimension);
  if (!Number.isFinite(peak.amount) || peak.amount <= 0) {
    const of =
      peak.base === undefined ? '' : ` of ${peak.base.name}, which is ${formatNumber(peak.base.amount)} here`;
    return [{ ...spot, message: `"${peak.text}"${of}: that is no amount` }];
  }
  if (control.kind === 'concurrency' && peak.amount < instances) {
    const message = `${amount} in flight cannot be shared by ${instances} instances`;
    return [{ ...spot, message, hint: 'Use fewer instances, or a higher peak.' }];
  }
  if (control.unit === 'cores' && peak.amount > instances * (1 + 1e-9)) {
    const message = `${amount} need as many threads: ${instances} ${instances === 1 ? 'instance' : 'instances'} cannot be busier than that`;
    return [{ ...spot, message, hint: `Use "instances": ${Math.ceil(peak.amount)}, or leave it out.` }];
  }
  return [];
}

const AMOUNTS = [
  'memoryBytes',
  'cores',
  'realTimeCores',
  'diskBytes',
  'openFiles',
  'threads',
  'pids',
  'sockets',
  'inodes',
  'bytesPerSecond',
] as const;

/** What the simulator says it costs; throws when that is no estimate. */
export function estimateOf({ actor, loaded }: Placed, loadedMs: number, host: HostFacts): ResourceEstimate {
  const { options, control, instances, instancesLeast = instances } = actor;
  // Each has room for its most, where few of them share a phase.
  const peak =
    control === 'concurrency' ? (actor.peak.amount * instances) / instancesLeast : actor.peak.amount;
  const said = loaded.simulator.estimate?.({ options, control, peak, instances, loadedMs, host }) ?? {};
  for (const key of AMOUNTS) {
    const amount = said[key];
    if (amount === undefined || (Number.isFinite(amount) && amount >= 0)) continue;
    throw new Error(`its estimate of ${key} is ${amount}`);
  }
  return Object.fromEntries(AMOUNTS.flatMap((key) => (said[key] === undefined ? [] : [[key, said[key]]])));
}

/** Sums; what none names stays unnamed. */
export function addEstimates(estimates: readonly ResourceEstimate[]): ResourceEstimate {
  const sum: Record<string, number> = {};
  for (const estimate of estimates) {
    for (const key of AMOUNTS) {
      const amount = estimate[key];
      if (amount !== undefined) sum[key] = (sum[key] ?? 0) + amount;
    }
  }
  return sum;
}
