/**
 * What there is to say about one named thing, as data: the inventory and a name enter, descriptions leave, ready for
 * JSON. `verbs/describe.ts` prints them; `describe-text.ts` makes them readable.
 */
import type { ErrorCode } from '../core/base/codes.js';
import { ERROR_CODES } from '../core/base/codes.js';
import type { Capability, HostFacts } from '../core/contract/host.js';
import type { MetricSpecs } from '../core/contract/metrics.js';
import type { Profile } from '../core/contract/plan.js';
import type { AnySimulator, Control } from '../core/contract/plugin.js';
import type { AnyProbe } from '../core/contract/probe.js';
import type { ObjectSchema, ValueSchema } from '../core/contract/schema-types.js';
import { resolveOptions } from '../core/plugin/options.js';
import type { Inventory, ShapeEntry } from './inventory.js';

export interface OptionEntry {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** Null: none. */
  readonly default: unknown;
  readonly description: string;
}

export interface ControlEntry {
  readonly kind: Control['kind'];
  readonly unit: Control['unit'];
  readonly defaultPeak: string | null;
  /** Names that a percentage may be "of", and how much that is on this host. */
  readonly bases: Readonly<Record<string, number>>;
  readonly defaultBase: string | null;
}

export interface MetricEntry {
  readonly metric: string;
  readonly kind: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher' | null;
  readonly help: string;
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

export interface Description {
  readonly kind: 'simulator' | 'shape' | 'exporter' | 'probe' | 'profile' | 'error';
  readonly name: string;
  readonly description: string;
  readonly options?: readonly OptionEntry[];
  readonly controls?: readonly ControlEntry[];
  readonly operations?: readonly string[];
  readonly metrics?: readonly MetricEntry[];
  /** By capability, whether this host has it. Null: it depends on options that have no default. */
  readonly needs?: Readonly<Record<string, boolean>> | null;
  readonly limits?: Profile['limits'];
  readonly facts?: Readonly<Record<string, string | number>>;
  readonly example?: unknown;
}

/** Everything of this name; `kind:name` asks for one kind. */
export function describeName(asked: string, inventory: Inventory, host: HostFacts): Description[] {
  const [, kind, name = asked] = /^(\w+):(.*)$/.exec(asked) ?? [];
  return describeAll(inventory, host).filter((one) => one.name === name && (kind ?? one.kind) === one.kind);
}

export function describeAll(inventory: Inventory, host: HostFacts): Description[] {
  return [
    ...inventory.simulators.map((simulator) => describeSimulator(simulator, host)),
    ...inventory.shapes.map(describeShape),
    ...inventory.exporters.map(({ name, description, options }): Description => {
      const example = { exporters: { [name]: optionsExample(options as ObjectSchema) } };
      return { kind: 'exporter', name, description, options: optionsOf(options as ObjectSchema), example };
    }),
    ...inventory.probes.map(describeProbe),
    ...inventory.profiles.map(describeProfile),
    ...Object.entries(ERROR_CODES).map(([name, entry]): Description => {
      const code = name as ErrorCode;
      return { kind: 'error', name: code, description: entry.meaning, facts: { 'exit code': entry.exit } };
    }),
  ];
}

function describeSimulator(simulator: AnySimulator, host: HostFacts): Description {
  const { name, description, controls, operations } = simulator;
  const options = simulator.options as ObjectSchema;
  return {
    kind: 'simulator',
    name,
    description,
    controls: controls.map((control) => controlOf(control, host)),
    ...(operations !== undefined && { operations }),
    options: optionsOf(options),
    metrics: metricsOf(simulator.metrics as MetricSpecs, name),
    needs: needsOf(simulator, host),
    example: {
      version: 1,
      actors: { [name]: { ...peakExample(controls), ...optionsExample(options) } },
      phases: [{ name: 'climb', duration: '15s', load: { [name]: '0% -> 80%' } }],
    },
  };
}

function controlOf({ kind, unit, bases, defaultBase, defaultPeak }: Control, host: HostFacts): ControlEntry {
  const amounts = Object.entries(bases ?? {}).map(([name, of]) => [name, of(host)] as const);
  return {
    kind,
    unit,
    defaultPeak: defaultPeak ?? null,
    bases: Object.fromEntries(amounts),
    defaultBase: defaultBase ?? null,
  };
}

/** Null where that depends on options which a scenario has to say. */
function needsOf(
  { needs, options }: AnySimulator,
  host: HostFacts,
): Readonly<Record<string, boolean>> | null {
  const directory = process.cwd();
  const resolved = resolveOptions(options as ObjectSchema, {}, { directory, writeDirectory: directory });
  if (typeof needs === 'function' && resolved.problems.length > 0) return null;
  const list = (
    typeof needs === 'function' ? needs({ options: resolved.options }) : (needs ?? [])
  ) as Capability[];
  return Object.fromEntries(list.map((need) => [need, host.capabilities.includes(need)]));
}

const PEAKS: Readonly<Record<Control['unit'], string | null>> = {
  bytes: '256MiB',
  'bytes/s': '5MiB/s',
  cores: '1core',
  count: '8',
  'ops/s': '100/s',
  switch: null,
};

function peakExample(controls: readonly Control[]): { peak?: string } {
  const [first] = controls;
  if (first === undefined || controls.some(({ defaultPeak }) => defaultPeak !== undefined)) return {};
  const [base] = Object.keys(first.bases ?? {});
  const peak = base === undefined ? PEAKS[first.unit] : `25% of ${base}`;
  return peak === null ? {} : { peak };
}

/** Only what a scenario has to say. */
function optionsExample({ properties, required }: ObjectSchema): {
  with?: Readonly<Record<string, unknown>>;
} {
  const needed = (required ?? []).filter((key) => properties[key] !== undefined);
  if (needed.length === 0) return {};
  return { with: Object.fromEntries(needed.map((key) => [key, valueExample(key, properties[key])])) };
}

function valueExample(key: string, schema: ValueSchema | undefined): unknown {
  switch (schema?.type) {
    case 'number':
    case 'integer':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return schema?.enum?.[0] ?? STRINGS[schema?.format ?? ''] ?? key;
  }
}
const STRINGS: Readonly<Record<string, string>> = {
  duration: '1s',
  bytes: '64MiB',
  percent: '50%',
  rate: '100/s',
  path: './file',
  run: '@last',
  url: 'http://127.0.0.1:8080/',
};

function optionsOf({ properties, required }: ObjectSchema): OptionEntry[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    type: typeOf(schema),
    isRequired: required?.includes(name) ?? false,
    default: 'default' in schema ? schema.default : null,
    description: schema.description ?? '',
  }));
}

function typeOf(schema: ValueSchema): string {
  switch (schema.type) {
    case 'string':
      return schema.enum === undefined ? (schema.format ?? 'text') : schema.enum.join(' | ');
    case 'array':
      return `list of ${typeOf(schema.items)}`;
    case 'number':
    case 'integer': {
      const what = schema.type === 'integer' ? 'whole number' : 'number';
      const [from, to] = [schema.minimum, schema.maximum];
      if (from === undefined && to === undefined) return what;
      return `${what} ${from ?? ''}..${to ?? ''}`;
    }
    default:
      return schema.type;
  }
}

function metricsOf(specs: MetricSpecs, prefix: string): MetricEntry[] {
  return Object.entries(specs).map(([name, { kind, unit, better, help, tags }]) => {
    return { metric: `${prefix}.${name}`, kind, unit, better: better ?? null, help, tags: tags ?? {} };
  });
}

function describeShape({ name, description, properties, required }: ShapeEntry): Description {
  const options = Object.entries(properties).map(([key, schema]): OptionEntry => {
    const { format, type, enum: values, description: text } = schema;
    const words = [format, type, 'value'].filter((word) => typeof word === 'string');
    const named = Array.isArray(values) ? values.join(' | ') : (words[0] ?? '');
    return {
      name: key,
      type: named,
      isRequired: required.includes(key),
      default: null,
      description: typeof text === 'string' ? text : '',
    };
  });
  return { kind: 'shape', name, description, options };
}

function describeProbe({ name, description, options, metrics, defaultEvery }: AnyProbe): Description {
  const schema = options as ObjectSchema;
  return {
    kind: 'probe',
    name,
    description,
    facts: { every: defaultEvery },
    options: optionsOf(schema),
    metrics: metricsOf(metrics as MetricSpecs, 'probe'),
    example: { probes: { [name]: optionsExample(schema) } },
  };
}

function describeProfile(profile: Profile): Description {
  const { name, description, limits, maxDuration, gracefulStop, reserve, actorNice } = profile;
  const facts = {
    'longest run': maxDuration,
    'time to stop': gracefulStop,
    'memory kept free': `${reserve.bytes} or ${reserve.share} of all, whichever is more`,
    'niceness of actors': actorNice,
  };
  return { kind: 'profile', name, description, limits, facts };
}
