/**
 * The program that looks at one plugin from the inside, in a process of its own: told a module and the host's facts
 * by `contract-check.ts`, it imports the module twice, looks what that did to the process, and reports. A plugin that
 * exits, hangs or dies here takes only this process with it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BruntError, messageOf } from '../base/errors.js';
import type { HostFacts } from '../contract/host.js';
import type { AnySimulator, Plugin } from '../contract/plugin.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import { metricFaults, simulatorFaults } from './contract-simulator.js';
import { schemaFaults, unsaid } from './contract-schema.js';
import { importPlugin, offerContract } from './load.js';

export interface ProbeTask {
  readonly url: string;
  readonly host: HostFacts;
}

/** A sentence, and what it is about: the module, or a simulator or probe of it. */
export interface ProbeFault {
  readonly about: string | null;
  readonly text: string;
  readonly hint?: string;
  readonly code?: 'E_PLUGIN_API' | 'E_PLUGIN_LOAD' | 'E_PLUGIN_UNTRIED';
}

export interface SeenSimulator {
  readonly name: string;
  readonly controls: readonly { readonly kind: string; readonly unit: string }[];
  readonly instances: number;
  /** Options that a scenario must say; the simulator cannot be tried without. */
  readonly unsaid: readonly string[];
}

export type ProbeReport =
  | { readonly type: 'stage'; readonly stage: string }
  | {
      readonly type: 'report';
      readonly plugin: string;
      readonly faults: readonly ProbeFault[];
      readonly simulators: readonly SeenSimulator[];
    };

/** After an import: what it began on its way shows by then. */
const SETTLE_MS = 20;
const SHARED = {
  Object,
  Function,
  Array,
  String,
  Number,
  Promise,
  Map,
  Set,
  RegExp,
  Date,
  Error,
  Buffer,
  JSON,
  Math,
};

function say(report: ProbeReport): void {
  process.send?.(report);
}

/** What a module has no business to change, each with how to say it. */
function surroundings(): Map<string, string> {
  const seen = new Map<string, string>([
    ['a global variable', Object.getOwnPropertyNames(globalThis).sort().join(' ')],
    ['the working directory', process.cwd()],
    ['the environment', JSON.stringify(process.env)],
    [
      'a listener of the process',
      process
        .eventNames()
        .map((e) => `${String(e)} ${process.listenerCount(e)}`)
        .join(' '),
    ],
    ['something open', process.getActiveResourcesInfo().sort().join(' ')],
  ]);
  for (const [name, builtIn] of Object.entries(SHARED)) {
    const prototype = 'prototype' in builtIn ? Object.getOwnPropertyNames(builtIn.prototype) : [];
    const own = Object.entries(Object.getOwnPropertyDescriptors(builtIn)).map(
      ([key, { value }]) => `${key} ${typeof value}`,
    );
    seen.set(`a property of ${name}`, [...own, ...prototype].join(' '));
  }
  return seen;
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ProbeFault[] {
  return [...after].flatMap(([what, value]) => {
    const old = (before.get(what) ?? '').split(' ');
    if (value === before.get(what)) return [];
    const news = value.split(' ').filter((word) => !old.includes(word));
    const which = what === 'the environment' || news.length === 0 ? '' : `: ${news.slice(0, 5).join(', ')}`;
    const text = `importing it leaves ${what} behind or changed${which}`;
    return [{ about: null, text, hint: 'A module only defines its plugin: work belongs into start().' }];
  });
}

async function look({ url, host }: ProbeTask): Promise<void> {
  const faults: ProbeFault[] = [];
  let plugin: Plugin | null = null;
  offerContract(url);
  await sleep(SETTLE_MS);
  for (const [index, module] of [url, `${url}?again`].entries()) {
    say({ type: 'stage', stage: index === 0 ? 'its import' : 'its second import' });
    const before = surroundings();
    try {
      plugin = await importPlugin(module);
    } catch (error) {
      faults.push(importFault(error, index));
      break;
    }
    await sleep(SETTLE_MS);
    // The second time, what it imports itself is there already.
    if (index === 0) faults.push(...changes(before, surroundings()));
  }
  const simulators = plugin?.simulators ?? [];
  say({ type: 'stage', stage: 'one of its pure functions' });
  if (plugin !== null && simulators.length + (plugin.probes?.length ?? 0) === 0)
    faults.push({ about: null, text: 'the plugin has neither simulators nor probes' });
  for (const simulator of simulators) {
    for (const text of simulatorFaults(simulator, host)) faults.push({ about: simulator.name, text });
  }
  for (const probe of plugin?.probes ?? []) {
    const texts = [...schemaFaults(probe.options), ...metricFaults(probe.metrics)];
    for (const text of texts) faults.push({ about: probe.name, text });
  }
  const seen = faults.length > 0 ? [] : simulators.map((simulator) => seenOf(simulator, host));
  say({ type: 'report', plugin: plugin?.name ?? '', faults, simulators: seen });
}

function importFault(error: unknown, index: number): ProbeFault {
  const again = index === 0 ? '' : 'imported a second time (each instance does so on its thread): ';
  const hint = error instanceof BruntError && error.hint !== undefined ? { hint: error.hint } : {};
  const code = error instanceof BruntError && error.code === 'E_PLUGIN_API' ? error.code : 'E_PLUGIN_LOAD';
  return { about: null, text: `${again}${messageOf(error)}`, code, ...hint };
}

function seenOf(simulator: AnySimulator, host: HostFacts): SeenSimulator {
  const { name, controls } = simulator;
  const options = simulator.options as ObjectSchema;
  return {
    name,
    controls: controls.map(({ kind, unit }) => ({ kind, unit })),
    instances: simulator.defaultInstances?.(host, { control: controls[0]?.kind ?? 'amount', amount: 1 }) ?? 1,
    unsaid: unsaid(options),
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

// Nothing is left that could wake what is waited for, and a module is all that is waited for.
process.once('beforeExit', () => {
  const text = 'its import can never settle';
  say({ type: 'report', plugin: '', faults: [{ about: null, text, code: 'E_PLUGIN_LOAD' }], simulators: [] });
});
// Its parent ends it: a plugin that left something open would keep it.
process.once('message', (task: ProbeTask) => void look(deepFreeze(task)));
