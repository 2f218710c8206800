/**
 * The contract check with what this installation and host give it: a path enters, findings leave. Called by the verb
 * validate for paths that are plugins.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Finding } from '../core/check-plugin.js';
import { checkPlugin } from '../core/check-plugin.js';
import { readHostFacts } from '../core/safety/host-facts.js';
import { readProfiles } from '../core/safety/profiles.js';
import { findInstallation } from './package.js';
import { PROFILE_DEFAULT } from './prepare.js';
import { makeRegistry, readPresets } from './wire.js';

/** Whether a path names a plugin and not a scenario: a module by its ending, or a folder with a package.json. */
export function isPluginPath(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path) || existsSync(join(path, 'package.json'));
}

export async function findingsIn(path: string, profile = PROFILE_DEFAULT): Promise<readonly Finding[]> {
  const { root, version } = findInstallation();
  const [host, presets] = await Promise.all([readHostFacts(), readPresets(root)]);
  return checkPlugin(resolve(path), {
    registry: makeRegistry(),
    host,
    profiles: readProfiles(presets),
    profile,
    version,
  });
}
