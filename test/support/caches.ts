/** Writes a tree as Linux keeps it in /sys/devices/system/cpu, for tests of what looks at caches. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CacheFiles {
  readonly level: number;
  readonly type: 'Data' | 'Instruction' | 'Unified';
  /** As sysfs writes it: "32K". */
  readonly size: string;
  readonly sharedBy: string;
}

export function writeCaches(root: string, processors: number, caches: readonly CacheFiles[]): void {
  for (let cpu = 0; cpu < processors; cpu++) mkdirSync(join(root, `cpu${cpu}`), { recursive: true });
  caches.forEach(({ level, type, size, sharedBy }, index) => {
    const folder = join(root, 'cpu0', 'cache', `index${index}`);
    mkdirSync(folder, { recursive: true });
    const files = { level, type, size, shared_cpu_list: sharedBy, coherency_line_size: 64 };
    for (const [name, value] of Object.entries(files)) writeFileSync(join(folder, name), `${value}\n`);
  });
}
