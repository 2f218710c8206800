/**
 * Refuses, before anything starts, a plan that would break the host's bounds or its own limits. A plan, the host and
 * the absent sensors in; every reason out, each with what is asked, what is there, and what to change.
 */
import { BruntError } from '../base/errors.js';
import { formatQuantity } from '../base/units.js';
import type { HostFacts } from '../contract/host.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { OptionFault } from '../contract/plugin.js';

/** @param absent sensors that this host lacks, as the guard lists them. */
export function preflight(plan: Plan, host: HostFacts, absent: readonly string[]): BruntError[] {
  return [
    ...checkSensors(plan, absent),
    ...checkMemory(plan, host),
    ...checkCores(plan, host),
    ...checkRealTime(plan, host),
    ...checkThreads(plan, host),
    ...checkOpenFiles(plan, host),
    ...checkInspections(plan),
  ];
}

/** What a reader should know although it refuses nothing. */
export function preflightNotes(plan: Plan, host: HostFacts, absent: readonly string[]): string[] {
  const notes = plan.actors
    .filter((actor) => actor.control === 'growth' && (actor.estimate.memoryBytes ?? 0) > 0)
    .map(
      (actor) =>
        `Actor "${actor.name}" grows: its leases bound it, so its memory is not part of the check before the start.`,
    );
  const unwatched = plan.safety.limits.map((l) => l.sensor).filter((sensor) => absent.includes(sensor));
  if (unwatched.length > 0) {
    notes.push(`This host lacks ${unwatched.join(', ')}: profile ${plan.safety.profile} cannot act on that.`);
  }
  const cores = plan.estimate.cores ?? 0;
  if (cores > host.quotaCores) {
    const [asked, there] = [formatQuantity(cores, 'cores'), formatQuantity(host.quotaCores, 'cores')];
    notes.push(`All actors together ask for ${asked} of ${there}: they will contend.`);
  }
  return notes;
}

/** A limit that the scenario asks for is a promise; one of the profile is kept where it can be. */
function checkSensors(plan: Plan, absent: readonly string[]): BruntError[] {
  return plan.safety.limits.flatMap((limit) => {
    const asked = limit.triggers.find((trigger) => trigger.source === 'scenario');
    if (asked === undefined || !absent.includes(limit.sensor)) return [];
    return new BruntError({
      code: 'E_LIMIT_SENSOR',
      message: `The scenario limits ${limit.sensor} ("${asked.action}": "${asked.text}"), but this host has no such sensor.`,
      place: { path: `safety.limits.${limit.sensor}` },
      hint: 'Remove the limit, or run on a host that has the sensor.',
    });
  });
}

function checkMemory(plan: Plan, host: HostFacts): BruntError[] {
  const growing = sum(
    plan.actors.filter((a) => a.control === 'growth').map((a) => a.estimate.memoryBytes ?? 0),
  );
  const asked = (plan.estimate.memoryBytes ?? 0) - growing;
  const { availableBytes, boundBy } = host.memory;
  const free = Math.max(0, availableBytes - plan.safety.reserveBytes);
  const stop = plan.safety.limits
    .find((limit) => limit.sensor === 'host.memory.available')
    ?.triggers.find((trigger) => trigger.action === 'stop');
  const untilStop = stop === undefined ? Infinity : Math.max(0, availableBytes - stop.bound);
  const there = Math.min(free, untilStop);
  if (asked <= there) return [];
  const bytes = (n: number): string => formatQuantity(n, 'bytes');
  const why =
    untilStop < free && stop !== undefined
      ? `beyond that ${stop.source === 'scenario' ? 'the scenario' : `profile ${plan.safety.profile}`} stops the run at "${stop.text}"`
      : `${bytes(plan.safety.reserveBytes)} are kept in reserve`;
  const largest = plan.actors
    .filter((actor) => actor.control !== 'growth')
    .reduce<PlannedActor | null>(
      (top, actor) => ((actor.estimate.memoryBytes ?? 0) > (top?.estimate.memoryBytes ?? 0) ? actor : top),
      null,
    );
  return [
    new BruntError({
      code: 'E_HOST',
      message:
        `The plan asks for ${bytes(asked)} of memory at its peak; there are ${bytes(availableBytes)} available to the ` +
        `${boundBy === 'cgroup' ? 'control group' : 'machine'}; the limit is ${bytes(there)}: ${why}.`,
      place: { path: largest === null ? 'actors' : `actors.${largest.name}.peak` },
      seen: asked,
      wanted: `at most ${bytes(there)}`,
      hint:
        largest === null
          ? 'Use fewer actors or instances, or free memory first.'
          : `Lower the peak of "${largest.name}" (${bytes(largest.estimate.memoryBytes ?? 0)}), or free memory first.`,
    }),
  ];
}

/** One actor that asks for more than there is cannot reach its peak; several that contend may be the purpose. */
function checkCores(plan: Plan, host: HostFacts): BruntError[] {
  return plan.actors
    .filter((actor) => actor.unit === 'cores' && actor.peak.amount > host.quotaCores * (1 + 1e-9))
    .map((actor) => {
      const there = formatQuantity(host.quotaCores, 'cores');
      return new BruntError({
        code: 'E_HOST',
        message: `Actor "${actor.name}" asks for ${formatQuantity(actor.peak.amount, 'cores')}; this host grants ${there}.`,
        place: { path: `actors.${actor.name}.peak` },
        seen: actor.peak.amount,
        wanted: `at most ${there}`,
        hint: 'Lower its peak, or write it as a percentage: "100% of quota".',
      });
    });
}

/** What real-time threads leave to others: this share of all processors, or a whole one where that is less. */
const LEFT_TO_OTHERS = 0.1;

/**
 * Agents, orchestrator and whoever is to stop the run are ordinary threads: they get what real-time ones leave. Only the
 * guard runs before those (GUARD_PRIORITY).
 */
function checkRealTime(plan: Plan, host: HostFacts): BruntError[] {
  const asked = plan.estimate.realTimeCores ?? 0;
  const most = Math.max((1 - LEFT_TO_OTHERS) * host.cores, host.cores - 1);
  if (asked <= most * (1 + 1e-9)) return [];
  const names = plan.actors
    .filter((actor) => (actor.estimate.realTimeCores ?? 0) > 0)
    .map(({ name }) => name);
  const there = formatQuantity(most, 'cores');
  return [
    new BruntError({
      code: 'E_HOST',
      message:
        `Real-time threads (${names.join(', ')}) ask for ${formatQuantity(asked, 'cores')} of ${formatQuantity(host.cores, 'cores')}: ` +
        'they run before the agents and the orchestrator, which must be able to stop them.',
      place: { path: names.length === 1 ? `actors.${names[0] ?? ''}.peak` : 'actors' },
      seen: asked,
      wanted: `at most ${there} in all`,
      hint: `Lower the peak to ${there}, or leave the scheduling class out.`,
    }),
  ];
}

function checkThreads(plan: Plan, host: HostFacts): BruntError[] {
  const asked = (plan.estimate.threads ?? 0) + (plan.estimate.pids ?? 0);
  if (host.pids === null || asked <= host.pids) return [];
  return [
    new BruntError({
      code: 'E_HOST',
      message: `The plan asks for ${asked} threads and processes; the limit here is ${host.pids} more.`,
      place: { path: 'actors' },
      seen: asked,
      wanted: `at most ${host.pids}`,
      hint: 'Use fewer instances, or raise pids.max, threads-max or the limit of processes ("ulimit -u").',
    }),
  ];
}

/** Descriptors are bounded for each process, and agents are processes. */
function checkOpenFiles(plan: Plan, host: HostFacts): BruntError[] {
  const limit = host.openFiles;
  if (limit === null) return [];
  return plan.agents.flatMap((agent) => {
    const actors = plan.actors.filter((actor) => agent.actors.includes(actor.name));
    const asked = sum(actors.map((a) => (a.estimate.openFiles ?? 0) + (a.estimate.sockets ?? 0)));
    if (asked <= limit) return [];
    return new BruntError({
      code: 'E_HOST',
      message: `Agent "${agent.name}" asks for ${asked} open files; the limit of a process here is ${limit}.`,
      place: { path: actors.length === 1 ? `actors.${actors[0]?.name ?? ''}.peak` : 'actors' },
      seen: asked,
      wanted: `at most ${limit}`,
      hint: 'Lower the peak, or raise the limit with "ulimit -n".',
    });
  });
}

/** Nothing that is there is destroyed but what the scenario names by its own id. No flag says otherwise. */
function checkInspections(plan: Plan): BruntError[] {
  return plan.actors.flatMap(({ name, inspection, erasable = [] }) => {
    if (inspection === undefined) return [];
    const unnamed = inspection.destroys.filter(({ ids }) => !ids.some((id) => erasable.includes(id)));
    const faults = [
      ...inspection.faults,
      ...unnamed.map(({ ids, text, path }) => ({
        path,
        message: `it would destroy ${text}, which the scenario does not name as erasable`,
        // What must not be worked on at all is not named either.
        ...(inspection.faults.length === 0 && {
          hint: `If nothing on it is needed any more: "safety": { "erasableDevices": ["${ids[0] ?? ''}"] }`,
        }),
      })),
    ];
    return faults.map(({ path, message, seen, hint }: OptionFault) => {
      const place = { path: ['actors', name, 'with', ...path].join('.') };
      return new BruntError({
        code: 'E_DEVICE',
        message: `"${name}": ${message}`,
        place,
        ...(seen !== undefined && { seen }),
        ...(hint !== undefined && { hint }),
      });
    });
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
