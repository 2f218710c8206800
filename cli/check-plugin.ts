/**
 * The contract check with what this installation and host give it: a path enters, findings leave. Called by the verb
 * validate for paths that are plugins.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Finding } from '../core/check-plugin.js';
import { findInstallation } from './package.js';
import { PROFILE_DEFAULT } from './prepare.js';
import { makeRegistry, readPresets } from './wire.js';

/** Whether a path names a plugin and not a scenario: a module by its ending, or a folder with a package.json. */
export function isPluginPath(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path) || existsSync(join(path, 'package.json'));
}

export async function findingsIn(path: string, profile = PROFILE_DEFAULT): Promise<readonly Finding[]> {
  const [core, { checkPlugin }] = await Promise.all([
    import('../core/index.js'),
    import('../core/check-plugin.js'),
  ]);
  const { root, version } = findInstallation();
  const [registry, host, presets] = await Promise.all([
    makeRegistry(),
    core.readHostFacts(),
    readPresets(root),
  ]);
  return checkPlugin(resolve(path), {
    registry,
    host,
    profiles: core.readProfiles(presets),
    profile,
    version,
  });
}
