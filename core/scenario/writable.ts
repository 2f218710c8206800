/**
 * What a scenario allows to be written and destroyed: its `safety` enters, absolute paths leave; every option that
 * names a file to write must lie below one of them.
 */
import { relative, resolve, isAbsolute } from 'node:path';
import type { WrittenPath } from '../plugin/options.js';
import type { Path } from './document.js';
import type { Draft } from './draft.js';
import type { Problems } from './problems.js';
import type { ScenarioSafety } from './scenario.js';
import type { Sources } from './sources.js';

export function resolveSafety({ safety = {} }: Draft, sources: Sources): ScenarioSafety {
  const { writablePaths, erasableDevices, ...rest } = safety;
  return {
    ...rest,
    ...(writablePaths !== undefined && {
      writablePaths: writablePaths.flatMap((said, index) =>
        said === undefined ? [] : [resolve(sources.directoryOf(['safety', 'writablePaths', index]), said)],
      ),
    }),
    ...(erasableDevices !== undefined && {
      erasableDevices: erasableDevices.flatMap((device) => device ?? []),
    }),
  };
}

/** Nothing is written where the scenario does not say that it may be. */
export function checkWrites(
  writes: readonly WrittenPath[],
  owner: Path,
  {
    problems,
    writablePaths,
  }: { readonly problems: Problems; readonly writablePaths: readonly string[] | null },
): void {
  // What of the list is wrong may be what allows it.
  if (problems.touches(['safety', 'writablePaths'])) return;
  for (const { path, file } of writes) {
    if (writablePaths?.some((allowed) => isBelow(file, allowed)) === true) continue;
    const message =
      writablePaths === null
        ? `it would write to "${file}", and the scenario has no "writablePaths"`
        : `it would write to "${file}", which is below none of "writablePaths"`;
    const hint = 'Name its folder in safety.writablePaths.';
    problems.add({ path: [...owner, 'with', ...path], code: 'E_PATH', message, seen: file, hint });
  }
}

function isBelow(file: string, folder: string): boolean {
  const way = relative(folder, file);
  return way === '' || (!isAbsolute(way) && way.split(/[\\/]/)[0] !== '..');
}
