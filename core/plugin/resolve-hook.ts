/**
 * A module resolve hook: what a plugin imports by name enters, this installation's file leaves when normal
 * resolution fails. Node runs it on its hooks thread; `load.ts` registers it.
 */
import type { ResolveHook } from 'node:module';

let offered: Readonly<Record<string, string>> = {};

export function initialize(data: Readonly<Record<string, string>>): void {
  offered = data;
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    const url = Object.hasOwn(offered, specifier) ? offered[specifier] : undefined;
    if (url === undefined) throw error;
    return { url, shortCircuit: true };
  }
};
