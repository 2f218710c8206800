/**
 * What can be used by name: built-ins given by the command line, and plugins that a scenario names. A name enters,
 * the loaded simulator or exporter leaves. Scenario, plan and CLI call it. A module is imported only when named.
 */
import { BruntError } from '../base/errors.js';
import { suggestion } from '../base/suggest.js';
import type { AnyExporter } from '../contract/exporter.js';
import type { AnySimulator, Plugin } from '../contract/plugin.js';
import type { AnyProbe } from '../contract/probe.js';
import { importDefault, importPlugin } from './load.js';
import { locatePlugin } from './locate.js';

export interface BuiltIn {
  readonly kind: 'simulator' | 'exporter' | 'probe';
  readonly name: string;
  /** Module whose default export is a Plugin (simulator, probe) or an Exporter. */
  readonly url: string;
}

/** Short names to paths or package names, as a scenario's `plugins` says them. */
export interface PluginSources {
  readonly names: Readonly<Record<string, string>>;
  /** What relative paths and package look-ups start from. */
  readonly directory: string;
}

export interface LoadedSimulator {
  readonly simulator: AnySimulator;
  /** URL of the module whose default export is its plugin. */
  readonly module: string;
  readonly builtIn: boolean;
  /** The plugin's own name. */
  readonly plugin: string;
}

export interface LoadedProbe {
  readonly probe: AnyProbe;
  /** URL of the module whose default export is its plugin. */
  readonly module: string;
}

const NO_SOURCES: PluginSources = { names: {}, directory: '/' };

export class Registry {
  readonly #builtIns: readonly BuiltIn[];

  constructor(builtIns: readonly BuiltIn[]) {
    this.#builtIns = builtIns;
  }

  /** Names of the built-ins of a kind, sorted. */
  names(kind: BuiltIn['kind']): string[] {
    return this.#builtIns
      .filter((b) => b.kind === kind)
      .map((b) => b.name)
      .sort();
  }

  /**
   * The simulator that `uses` means: a built-in's name, `short/simulator`, or `short` alone when that plugin has one
   * simulator. Throws E_NAME, E_PLUGIN_LOAD or E_PLUGIN_API.
   */
  async simulator(uses: string, sources: PluginSources = NO_SOURCES): Promise<LoadedSimulator> {
    const builtIn = this.#find('simulator', uses);
    if (builtIn !== undefined) {
      const plugin = await importPlugin(builtIn.url);
      return loaded(pick(plugin, uses, uses), plugin, builtIn.url, true);
    }
    const [short = '', ...rest] = uses.split('/');
    if (!Object.hasOwn(sources.names, short))
      throw this.#unknown('simulator', uses, Object.keys(sources.names));
    const { plugin, module } = await this.plugin(short, sources);
    const only = plugin.simulators?.length === 1 ? plugin.simulators[0] : undefined;
    if (rest.length === 0 && only !== undefined) return loaded(only, plugin, module, false);
    return loaded(pick(plugin, rest.join('/'), uses), plugin, module, false);
  }

  /** The plugin that a scenario named. Throws E_NAME when it would shadow a built-in. */
  async plugin(short: string, sources: PluginSources): Promise<{ plugin: Plugin; module: string }> {
    if (this.#find('simulator', short) !== undefined) throw shadows(`"${short}" is built in`, 'short name');
    const module = locatePlugin(sources.names[short] ?? '', sources.directory);
    const plugin = await importPlugin(module);
    const taken = plugin.simulators?.find(({ name }) => this.#find('simulator', name) !== undefined);
    if (taken !== undefined)
      throw shadows(`its simulator "${taken.name}" has the name of a built-in`, 'name');
    return { plugin, module };
  }

  /** The probe that `uses` means, by the same rules as a simulator. Throws E_NAME, E_PLUGIN_LOAD or E_PLUGIN_API. */
  async probe(uses: string, sources: PluginSources = NO_SOURCES): Promise<LoadedProbe> {
    const builtIn = this.#find('probe', uses);
    const [short = '', ...rest] = uses.split('/');
    if (builtIn === undefined && !Object.hasOwn(sources.names, short)) {
      throw this.#unknown('probe', uses, Object.keys(sources.names));
    }
    const { plugin, module } =
      builtIn === undefined
        ? await this.plugin(short, sources)
        : { plugin: await importPlugin(builtIn.url), module: builtIn.url };
    const probes = plugin.probes ?? [];
    const name = builtIn === undefined ? rest.join('/') : uses;
    const found =
      name === '' && probes.length === 1 ? probes[0] : probes.find((probe) => probe.name === name);
    if (found !== undefined) return { probe: found, module };
    const known = probes.map((probe) => `${short}/${probe.name}`);
    const message =
      name === '' ? `plugin "${uses}" has ${probes.length} probes: name one` : `no probe "${uses}"`;
    throw new BruntError({ code: 'E_NAME', message, seen: uses, hint: suggestion(uses, known) });
  }

  /** A built-in exporter. Throws E_NAME or E_PLUGIN_LOAD. */
  async exporter(uses: string): Promise<AnyExporter> {
    const builtIn = this.#find('exporter', uses);
    if (builtIn === undefined) throw this.#unknown('exporter', uses, []);
    const exported = await importDefault(builtIn.url);
    if (isExporter(exported) && exported.name === uses) return exported;
    const message = `the module of exporter "${uses}" does not export it`;
    throw new BruntError({ code: 'E_PLUGIN_LOAD', message, place: { path: builtIn.url } });
  }

  #find(kind: BuiltIn['kind'], name: string): BuiltIn | undefined {
    return this.#builtIns.find((b) => b.kind === kind && b.name === name);
  }

  #unknown(kind: BuiltIn['kind'], uses: string, more: readonly string[]): BruntError {
    const known = [...this.names(kind), ...more];
    return new BruntError({
      code: 'E_NAME',
      message: `no ${kind} "${uses}"`,
      seen: uses,
      hint: suggestion(uses, known),
    });
  }
}

function loaded(simulator: AnySimulator, plugin: Plugin, module: string, builtIn: boolean): LoadedSimulator {
  return { simulator, module, builtIn, plugin: plugin.name };
}

function pick(plugin: Plugin, name: string, uses: string): AnySimulator {
  const all = plugin.simulators ?? [];
  const found = all.find((simulator) => simulator.name === name);
  if (found !== undefined) return found;
  const known = all.map((simulator) => `${uses.split('/')[0] ?? ''}/${simulator.name}`);
  const message =
    name === '' ? `plugin "${uses}" has ${all.length} simulators: name one` : `no simulator "${uses}"`;
  throw new BruntError({ code: 'E_NAME', message, seen: uses, hint: suggestion(uses, known) });
}

function shadows(what: string, kind: string): BruntError {
  const message = `${what} and cannot be shadowed`;
  return new BruntError({ code: 'E_NAME', message, hint: `Give the plugin another ${kind}.` });
}

function isExporter(value: unknown): value is AnyExporter {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'open' in value && 'options' in value
  );
}
