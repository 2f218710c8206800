/**
 * One module in, one checked plugin out. The registry calls it in the orchestrator, the actor entry on its thread;
 * both get the same checks. `import 'brunt/plugin'` works from a plugin that lies outside this installation too.
 */
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BruntError, messageOf } from '../base/errors.js';
import type { Plugin } from '../contract/plugin.js';
import { checkPlugin } from './check.js';
import { whileImporting } from './importing.js';

/** Where this installation's compiled code lies: what is below it is built in. */
const INSTALLATION = new URL('../../', import.meta.url).href;
/** What a plugin may import by name, and the file that answers. */
const OFFERED: Readonly<Record<string, string>> = {
  'brunt/plugin': new URL('../contract/index.js', import.meta.url).href,
};

/** Throws E_PLUGIN_LOAD when the module cannot be imported, E_PLUGIN_API when it is for another plugin API. */
export async function importPlugin(url: string): Promise<Plugin> {
  return checkPlugin(await importDefault(url), url);
}

/** The default export of a module; E_PLUGIN_LOAD when it cannot be imported. */
export async function importDefault(url: string): Promise<unknown> {
  if (!url.startsWith(INSTALLATION)) offerContract(url);
  try {
    const module = await whileImporting(url, () => import(url) as Promise<{ readonly default?: unknown }>);
    return module.default;
  } catch (cause) {
    throw new BruntError({
      code: 'E_PLUGIN_LOAD',
      message: `the module cannot be imported: ${messageOf(cause)}`,
      place: { path: url },
      cause,
      ...importHint(url),
    });
  }
}

function importHint(url: string): { hint?: string } {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const stripsTypes = major > 22 || (major === 22 && minor >= 18);
  if (!url.endsWith('.ts') || stripsTypes) return {};
  return { hint: 'Node loads TypeScript from 22.18 on: build the plugin, or use a newer Node.' };
}

let isOffered = false;

/** Once per thread, and only for a plugin whose own folder does not resolve `brunt/plugin`. */
export function offerContract(url: string): void {
  if (isOffered || !url.startsWith('file:')) return;
  const own = createRequire(fileURLToPath(url));
  try {
    for (const name of Object.keys(OFFERED)) own.resolve(name);
  } catch {
    // Not installed beside the plugin: that is the case this hook is for.
    isOffered = true;
    register(new URL('./resolve-hook.js', import.meta.url), { data: OFFERED });
  }
}
