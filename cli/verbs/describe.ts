/** `brunt describe NAME`: all that there is to say about one simulator, shape, exporter, probe, profile or error code. */
import { BruntError } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { suggestion } from '../../core/base/suggest.js';
import { readHostFacts } from '../../core/safety/host-facts.js';
import { describeText } from '../describe-text.js';
import { describeAll, describeName } from '../describe.js';
import { readInventory } from '../inventory.js';
import { putJson, say } from '../screen.js';

export async function describeVerb(name: string, flags: { readonly json?: boolean }): Promise<ExitCode> {
  const [inventory, host] = await Promise.all([readInventory(), readHostFacts()]);
  const found = describeName(name, inventory, host);
  const [about] = found;
  if (about === undefined || found.length > 1) {
    const kinds = found.map((one) => `${one.kind}:${one.name}`);
    const known = describeAll(inventory, host).map((one) => one.name);
    throw new BruntError({
      code: 'E_USAGE',
      message:
        about === undefined
          ? `nothing is named "${name}"`
          : `"${name}" is the name of ${found.length} things`,
      hint: about === undefined ? nearestName(name, known) : `Write one of ${kinds.join(', ')}.`,
    });
  }
  if (flags.json === true) putJson(about);
  else say(describeText(about));
  return EXIT.passed;
}

/** All names together are too many to show. */
function nearestName(name: string, known: readonly string[]): string {
  const hint = suggestion(name, known);
  return hint.startsWith('Did you mean') ? hint : 'See `brunt list`.';
}
