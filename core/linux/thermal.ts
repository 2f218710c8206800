/**
 * How hot the processor is and how fast it runs, by sysfs. Many virtual machines say neither: then there is no reading,
 * never 0. Called by the guard's sensors and by simulators; tests give a tree of their own as the root.
 */
import { readdirSync } from 'node:fs';
import { KeptFile, readText } from './procfs.js';

const SYSFS = '/sys';

/** Files kept open and read again and again. The owner closes it. */
export interface Gauge {
  /** Null: no reading this time. */
  read(): number | null;
  close(): void;
}

/** In degrees Celsius: the hottest sensor of the processor's own chips, else of all thermal zones. Null: there is none. */
export function openTemperature(root = SYSFS): Gauge | null {
  const zones = list(`${root}/class/thermal`, /^thermal_zone\d+$/).map((zone) => `${zone}/temp`);
  const chips = list(`${root}/class/hwmon`, /^hwmon\d+$/)
    .filter((chip) => /coretemp|k10temp|zenpower|cpu/i.test(readText(`${chip}/name`) ?? ''))
    .flatMap((chip) => list(chip, /^temp\d+_input$/));
  // Both count in thousandths of a degree.
  return openAll(chips.length > 0 ? chips : zones, (values) => Math.max(...values) / 1e3);
}

/** In hertz: the mean over these processors (all without) of what the frequency driver says they run at. */
export function openFrequency(processors?: readonly number[], root = SYSFS): Gauge | null {
  const folder = `${root}/devices/system/cpu`;
  const all = processors?.map((cpu) => `${folder}/cpu${cpu}`) ?? list(folder, /^cpu\d+$/);
  const mean = (values: readonly number[]): number => values.reduce((sum, n) => sum + n, 0) / values.length;
  // In kHz.
  return openAll(
    all.map((cpu) => `${cpu}/cpufreq/scaling_cur_freq`),
    (values) => mean(values) * 1e3,
  );
}

function openAll(paths: readonly string[], of: (values: readonly number[]) => number): Gauge | null {
  const files = paths.flatMap((path) => KeptFile.open(path, 32) ?? []);
  if (files.length === 0) return null;
  return {
    read() {
      const texts = files.map((file) => file.read()?.trim() ?? '');
      const values = texts.filter((text) => /^-?\d+$/.test(text)).map(Number);
      return values.length === 0 ? null : of(values);
    },
    close: () => files.forEach((file) => file.close()),
  };
}

function list(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`);
  } catch {
    // No such folder on this host.
    return [];
  }
}
