/**
 * Whether what a module exports is a plugin this version can run: the API first, then each simulator against the
 * contract. The loader calls it with the default export before any function of the plugin is called.
 */
import { BruntError } from '../base/errors.js';
import { GrammarError, parseDuration, parsePeak } from '../base/grammar.js';
import type { AnySimulator, Control, Plugin } from '../contract/plugin.js';
import type { AnyProbe } from '../contract/probe.js';
import { PLUGIN_API } from '../contract/plugin.js';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const METRIC = /^[a-z][A-Za-z0-9_-]*$/;
/** First words of metric names that belong to the core. */
const RESERVED = ['actor', 'brunt', 'host', 'op', 'phase', 'probe', 'run', 'safety', 'target'];
/** What the core records of every probe. */
const CORE_OF_PROBE = ['up', 'latency', 'errors', 'missed'];
const KINDS = ['amount', 'growth', 'rate', 'concurrency', 'switch'];
const METRIC_KINDS = ['counter', 'gauge', 'ratio', 'trend'];

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws E_PLUGIN_API or E_PLUGIN_LOAD, with the module as its place. */
export function checkPlugin(exported: unknown, module: string): Plugin {
  const fail = (message: string, hint?: string): BruntError =>
    new BruntError({ code: 'E_PLUGIN_LOAD', message, place: { path: module }, ...(hint && { hint }) });
  if (!isRecord(exported)) {
    throw fail(
      'the module has no plugin as its default export',
      'Write: export default definePlugin({ … }).',
    );
  }
  if (exported['api'] !== PLUGIN_API) {
    throw new BruntError({
      code: 'E_PLUGIN_API',
      message: `the plugin is written for plugin API ${describe(exported['api'])}; this version of brunt has ${PLUGIN_API}`,
      place: { path: module },
      seen: exported['api'],
      wanted: String(PLUGIN_API),
      hint: 'Make it with definePlugin, and use a version of the plugin that fits this version of brunt.',
    });
  }
  if (typeof exported['name'] !== 'string' || exported['name'] === '') throw fail('the plugin has no name');
  const simulators: unknown = exported['simulators'] ?? [];
  if (!Array.isArray(simulators)) throw fail('"simulators" is a list');
  const names = new Set<string>();
  for (const simulator of simulators) {
    const fault = isRecord(simulator) ? faultOf(simulator) : 'a simulator is an object';
    if (fault !== null) throw fail(`plugin "${exported['name']}": ${fault}`);
    const { name } = simulator as AnySimulator;
    if (names.has(name)) throw fail(`plugin "${exported['name']}" has two simulators named "${name}"`);
    names.add(name);
  }
  const probeFault = probesFault(exported['probes'] ?? []);
  if (probeFault !== null) throw fail(`plugin "${exported['name']}": ${probeFault}`);
  return exported as unknown as Plugin;
}

function describe(api: unknown): string {
  return api === undefined ? 'nothing it names' : JSON.stringify(api);
}

/** The first breach of the contract, in words, or null. */
function faultOf(simulator: Readonly<Record<string, unknown>>): string | null {
  const { name, controls, options, metrics, start } = simulator;
  if (typeof name !== 'string' || !NAME.test(name)) return 'a simulator needs a name such as "get-set"';
  if (RESERVED.includes(name)) return `the name "${name}" is reserved for the core`;
  if (typeof start !== 'function') return `simulator "${name}" has no start()`;
  if (!isRecord(options) || options['type'] !== 'object' || !isRecord(options['properties'])) {
    return `the options of simulator "${name}" are not an object schema`;
  }
  if (!Array.isArray(controls) || controls.length === 0) return `simulator "${name}" declares no control`;
  const fault = controlsFault(controls as Control[]) ?? metricsFault(metrics);
  return fault === null ? null : `simulator "${name}": ${fault}`;
}

/** The first breach of the contract by a plugin's probes, in words, or null. */
function probesFault(probes: unknown): string | null {
  if (!Array.isArray(probes)) return '"probes" is a list';
  const names = new Set<string>();
  for (const probe of probes) {
    const fault = isRecord(probe) ? probeFaultOf(probe) : 'a probe is an object';
    if (fault !== null) return fault;
    const { name } = probe as AnyProbe;
    if (names.has(name)) return `two probes are named "${name}"`;
    names.add(name);
  }
  return null;
}

function probeFaultOf({
  name,
  options,
  metrics,
  defaultEvery,
  open,
}: Readonly<Record<string, unknown>>): string | null {
  if (typeof name !== 'string' || !NAME.test(name)) return 'a probe needs a name such as "ping"';
  if (typeof open !== 'function') return `probe "${name}" has no open()`;
  if (!isRecord(options) || options['type'] !== 'object' || !isRecord(options['properties'])) {
    return `the options of probe "${name}" are not an object schema`;
  }
  const fault = everyFault(defaultEvery) ?? metricsFault(metrics);
  if (fault !== null) return `probe "${name}": ${fault}`;
  const taken = Object.keys(metrics as object).find((metric) => CORE_OF_PROBE.includes(metric));
  return taken === undefined ? null : `probe "${name}": the metric "${taken}" is recorded by the core`;
}

function everyFault(text: unknown): string | null {
  if (typeof text !== 'string') return 'it has no defaultEvery such as "1s"';
  try {
    return parseDuration(text) > 0 ? null : 'its defaultEvery is not above 0';
  } catch (error) {
    if (error instanceof GrammarError) return `its defaultEvery does not parse: ${error.message}`;
    throw error;
  }
}

function controlsFault(controls: readonly Control[]): string | null {
  const units = controls.map((control) => control.unit);
  if (new Set(units).size < units.length) return 'two controls have one unit';
  if (controls.filter((control) => control.defaultPeak !== undefined).length > 1) {
    return 'two controls have a default peak';
  }
  for (const { kind, unit, bases, defaultBase, defaultPeak } of controls) {
    if (!KINDS.includes(kind)) return `"${kind}" is not a kind of control`;
    if ((kind === 'switch') !== (unit === 'switch'))
      return 'a switch, and only a switch, has the unit "switch"';
    if (defaultBase !== undefined && !Object.hasOwn(bases ?? {}, defaultBase)) {
      return `its default base "${defaultBase}" is not among its bases`;
    }
    const fault = defaultPeak === undefined ? null : defaultPeakFault(defaultPeak);
    if (fault !== null) return fault;
  }
  return null;
}

function defaultPeakFault(text: string): string | null {
  try {
    parsePeak(text);
    return null;
  } catch (error) {
    if (error instanceof GrammarError) return `its default peak "${text}" does not parse: ${error.message}`;
    throw error;
  }
}

function metricsFault(metrics: unknown): string | null {
  if (!isRecord(metrics)) return 'it has no metrics (an empty object is allowed)';
  for (const [name, spec] of Object.entries(metrics)) {
    if (!METRIC.test(name)) return `"${name}" is not a metric name`;
    if (!isRecord(spec) || !METRIC_KINDS.includes(String(spec['kind'])))
      return `metric "${name}" has no known kind`;
    if (typeof spec['unit'] !== 'string') return `metric "${name}" has no unit`;
  }
  return null;
}
