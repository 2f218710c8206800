/**
 * The caches of this machine, as sysfs tells them of its first processor: `cpu0/cache/index*` enters, one entry leaves
 * for each level that holds data. Null where the system does not say. Called by host facts and by simulators.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheFact } from '../contract/host.js';
import { readText } from './procfs.js';

const ROOT = '/sys/devices/system/cpu';
const UNIT: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
/** Of nearly every processor that runs Node. */
const LINE_BYTES = 64;

/** Levels ascend. `root` is for tests. */
export function readCaches(root = ROOT): readonly CacheFact[] | null {
  const processors = list(root).filter((name) => /^cpu\d+$/.test(name)).length;
  const folder = join(root, 'cpu0', 'cache');
  const facts = list(folder).flatMap((name) =>
    name.startsWith('index') ? read(join(folder, name), processors) : [],
  );
  return facts.length === 0 ? null : facts.sort((a, b) => a.level - b.level);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // another platform, or a sandbox that hides it
  }
}

function read(folder: string, processors: number): CacheFact[] {
  const field = (name: string): string => readText(join(folder, name))?.trim() ?? '';
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/.exec(field('size')) ?? [];
  const level = Number(field('level'));
  const bytes = Number(digits) * (UNIT[unit] ?? NaN);
  // What holds instructions only is nobody's working set.
  if (field('type') === 'Instruction' || !(level > 0) || !(bytes > 0)) return [];
  const count = Math.max(1, Math.ceil(processors / sharers(field('shared_cpu_list'))));
  return [{ level, bytes, count, lineBytes: Number(field('coherency_line_size')) || LINE_BYTES }];
}

/** "0-7,64-71": 16. What does not say is one processor's own. */
function sharers(text: string): number {
  const ranges = [...text.matchAll(/(\d+)(?:-(\d+))?/g)];
  return Math.max(
    1,
    ranges.reduce((sum, [, from = '0', to = from]) => sum + Number(to) - Number(from) + 1, 0),
  );
}
