import { readFileSync } from 'node:fs';
import type { HostFacts } from '../../../core/contract/host.js';
import type { Profile } from '../../../core/contract/plan.js';
import type { ProfileText } from '../../../core/safety/profiles.js';
import { readProfiles } from '../../../core/safety/profiles.js';

export const GiB = 2 ** 30;

/** The preset files as they are shipped. Tests run compiled, one folder deeper than the sources. */
export function presetTexts(): ProfileText[] {
  return ['laptop', 'ci', 'server', 'lab'].map((name) => {
    const file = new URL(`../../../../scenarios/presets/${name}.json`, import.meta.url);
    return { file: `${name}.json`, text: readFileSync(file, 'utf8') };
  });
}

export function preset(name: string): Profile {
  return readProfiles(presetTexts()).find((profile) => profile.name === name)!;
}

export const HOST: HostFacts = {
  platform: 'linux',
  hostname: 'test',
  kernel: '6.1',
  node: 'v20.19.0',
  cores: 4,
  quotaCores: 2,
  memory: { totalBytes: 20 * GiB, availableBytes: 16 * GiB, boundBy: 'host', swapFreeBytes: null },
  caches: null,
  openFiles: 1024,
  pids: 500,
  tmp: '/tmp',
  capabilities: ['linux'],
};
