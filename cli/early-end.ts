/**
 * A plugin is imported in this process too. One that ends the process meanwhile, or whose import never settles (Node
 * then runs out of work and ends), gets its name told and the exit code of an invalid plugin. Called by main.
 */
import { BruntError } from '../core/base/errors.js';
import { beingImported } from '../core/plugin/importing.js';

/** `tell` says the error and sets the exit code; it runs while the process exits, so it must not wait. */
export function onEarlyEnd(tell: (error: BruntError) => void): void {
  process.once('exit', () => {
    const module = beingImported();
    if (module === null) return;
    tell(
      new BruntError({
        code: 'E_PLUGIN_LOAD',
        message: 'the module ended the process while it was imported, or its import can never settle',
        place: { path: module },
        hint: 'A module only defines its plugin: work, and anything that waits, belongs into start().',
      }),
    );
  });
}
