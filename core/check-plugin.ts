/**
 * `brunt validate PATH` for a plugin: a file or a package's folder enters, every breach of the contract leaves. First
 * what its declarations say, looked at in a process of its own; then, when they are sound, a short contained run of
 * each simulator with each of its controls.
 */
import { fileURLToPath } from 'node:url';
import { ALLOWANCE } from './agent/unleased.js';
import { BruntError, BruntErrors, messageOf } from './base/errors.js';
import type { HostFacts } from './contract/host.js';
import type { Plan, Profile } from './contract/plan.js';
import { buildPlan } from './plan/build.js';
import { finding, inspectPlugin } from './plugin/contract-check.js';
import type { SeenSimulator } from './plugin/contract-probe.js';
import { locateAt } from './plugin/locate.js';
import type { Registry } from './plugin/registry.js';
import { TRIAL_PHASES, tryOut } from './run/trial.js';
import { preflight } from './safety/preflight.js';
import { openSensors } from './safety/sensors.js';
import { loadScenario } from './scenario/load.js';

/** A finding that could not be helped here has the exit code of "could not start"; every other is a fault. */
export type Finding = BruntError;

export interface CheckDeps {
  readonly registry: Registry;
  readonly host: HostFacts;
  readonly profiles: readonly Profile[];
  readonly profile: string;
  readonly version: string;
}

/** Most of a trial is waiting; more of them would disturb each other's figures. */
const TRIALS_AT_ONCE = 2;

/** All findings; empty when the plugin keeps the contract. Throws nothing that the plugin does. */
export async function checkPlugin(path: string, deps: CheckDeps): Promise<Finding[]> {
  let url: string;
  try {
    url = locateAt(path);
  } catch (error) {
    if (error instanceof BruntError) return [error];
    throw error;
  }
  const { findings, simulators } = await inspectPlugin(url, deps.host);
  const tried = new Map<SeenSimulator, readonly Finding[]>();
  const left = [...simulators];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      tried.set(next, await trySimulator(url, next, deps));
  };
  await Promise.all(Array.from({ length: TRIALS_AT_ONCE }, work));
  return [...findings, ...simulators.flatMap((simulator) => tried.get(simulator) ?? [])];
}

async function trySimulator(url: string, simulator: SeenSimulator, deps: CheckDeps): Promise<Finding[]> {
  const { name, controls, unsaid } = simulator;
  const untried = (text: string, hint: string): Finding =>
    finding(url, { about: name, text: `could not be tried: ${text}`, hint, code: 'E_PLUGIN_UNTRIED' });
  if (unsaid.length > 0) {
    const names = unsaid.map((option) => `"${option}"`).join(', ');
    return [untried(`it has no default for ${names}`, 'Options with defaults make a plugin easy to try.')];
  }
  const found: Finding[] = [];
  for (const control of controls) {
    const about = controls.length === 1 ? name : `${name}, ${control.kind}`;
    try {
      const plan = await planTrial(url, simulator, control, deps);
      const { faults, untried: reason } = await tryOut(plan, deps.version);
      if (reason !== null) found.push(untried(reason, 'Give it what it needs, and validate again.'));
      found.push(...faults.map((text) => finding(url, { about, text })));
    } catch (error) {
      if (!(error instanceof BruntError || error instanceof BruntErrors)) throw error;
      found.push(untried(messageOf(error), 'See `brunt plan` of a scenario that uses it.'));
    }
    // What is missing for one control is missing for all.
    if (found.some(({ code }) => code === 'E_PLUGIN_UNTRIED')) break;
  }
  return found;
}

async function planTrial(
  url: string,
  simulator: SeenSimulator,
  { kind, unit }: SeenSimulator['controls'][number],
  { registry, host, profiles, profile }: CheckDeps,
): Promise<Plan> {
  const peak = peakOf(kind, unit, simulator.instances);
  const scenario = await loadScenario({
    file: null,
    registry,
    text: JSON.stringify({
      version: 1,
      name: 'contract',
      window: '250ms',
      seed: 1,
      plugins: { plugin: fileURLToPath(url) },
      actors: { [kind]: { uses: `plugin/${simulator.name}`, ...(peak !== null && { peak }) } },
      // Longer than the pacer waits for operations that do not end, so that it is the one to say so.
      safety: { gracefulStop: '2s' },
      phases: TRIAL_PHASES,
    }),
  });
  const plan = await buildPlan({ scenario, registry, host, profiles, profile, seed: 1 });
  const refusals = preflight(plan, host, absentSensors());
  if (refusals.length > 0) throw new BruntErrors(refusals);
  return plan;
}

/** Small, but where something is taken more than goes unnoticed: who takes it without a lease is to be found out. */
function peakOf(kind: string, unit: string, instances: number): string | null {
  const noticed = (resource: keyof typeof ALLOWANCE): number =>
    1.5 * (ALLOWANCE[resource].agent + instances * ALLOWANCE[resource].instance);
  switch (unit) {
    case 'bytes':
      return `${Math.ceil(noticed('memory') / 2 ** 20)}MiB`;
    case 'bytes/s':
      return `${Math.ceil(noticed('memory') / 2 ** 20)}MiB/s`;
    case 'cores':
      return `${0.2 * instances}cores`;
    case 'ops/s':
      return `${50 * instances}/s`;
    case 'count':
      return kind === 'concurrency' ? String(instances) : String(Math.ceil(noticed('openFiles')));
    default:
      return null;
  }
}

/** Opened for a moment: the guard of the trial opens its own. */
function absentSensors(): readonly string[] {
  const { sensors, absent } = openSensors([process.cwd()]);
  for (const sensor of sensors) sensor.close();
  return absent;
}
