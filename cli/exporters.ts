/**
 * Which exporters a run or report has: the plan's own, those of --export, and the terminal unless it is switched
 * off. Names and options in, loaded exporters with checked options out.
 */
import type { Plan } from '../core/contract/plan.js';
import type { ObjectSchema } from '../core/contract/schema-types.js';
import type { Registry } from '../core/plugin/registry.js';
import type { ExporterUse } from '../core/run/fan-out.js';
import { BruntError, BruntErrors } from '../core/base/errors.js';
import { resolveOptions } from '../core/plugin/options.js';

export interface ExportFlags {
  /** Each "name" or "name=file". */
  readonly export?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function chooseExporters(
  planned: Plan['exporters'],
  flags: ExportFlags,
  registry: Registry,
): Promise<ExporterUse[]> {
  const asked = await Promise.all((flags.export ?? []).map((spec) => fromFlag(spec, registry)));
  const own = await Promise.all(
    planned.map(async ({ name, uses, options }) => ({
      name,
      options,
      exporter: await registry.exporter(uses),
    })),
  );
  const all = [...own, ...asked];
  const isTerminalWanted = flags.json !== true && flags.quiet !== true;
  const hasTerminal = all.some(({ exporter }) => exporter.name === 'terminal');
  if (!isTerminalWanted || hasTerminal) return all;
  return [{ name: 'terminal', options: {}, exporter: await registry.exporter('terminal') }, ...all];
}

async function fromFlag(spec: string, registry: Registry): Promise<ExporterUse> {
  const [, name = '', file] = /^([^=]*)(?:=(.*))?$/s.exec(spec) ?? [];
  const exporter = await registry.exporter(name).catch((cause: unknown) => {
    throw cause instanceof BruntError && cause.code === 'E_NAME'
      ? usage(spec, cause.message, cause.hint)
      : cause;
  });
  const directory = process.cwd();
  const said = file === undefined ? {} : { path: file };
  const { options, problems } = resolveOptions(exporter.options as ObjectSchema, said, {
    directory,
    writeDirectory: directory,
  });
  if (problems.length === 0) return { name, exporter, options };
  const hint = `Write --export ${name}=FILE, or configure it in the scenario's "exporters".`;
  throw new BruntErrors(problems.map(({ message }) => usage(spec, `exporter ${name}: ${message}`, hint)));
}

function usage(spec: string, message: string, hint: string | undefined): BruntError {
  const place = { path: `--export ${spec}` };
  return new BruntError({ code: 'E_USAGE', message, place, ...(hint !== undefined && { hint }) });
}
