/**
 * Actors that would work on the same part of the same file or device: two that write to it at the same time without a word
 * that this is meant, and one that verifies what another overwrites. What the inspections found enters, faults by actor
 * leave. Called by `inspect.ts`.
 */
import type { PlannedPhase } from '../contract/plan.js';
import type { OptionFault, WorkedOn } from '../contract/plugin.js';
import { loadedMs } from './phases.js';

export interface Work {
  readonly actor: string;
  readonly on: WorkedOn;
}

export interface Overlap {
  readonly actor: string;
  readonly fault: OptionFault;
}

export function overlaps(works: readonly Work[], phases: readonly PlannedPhase[]): Overlap[] {
  return works.flatMap((one, i) =>
    works
      .slice(i + 1)
      .filter((other) => one.actor !== other.actor && isSame(one.on, other.on))
      .flatMap((other) => between(one, other, phases)),
  );
}

function between(one: Work, other: Work, phases: readonly PlannedPhase[]): Overlap[] {
  for (const [who, by] of [
    [one, other],
    [other, one],
  ] as const)
    if (who.on.isVerified && by.on.isWritten)
      return [
        told(
          who,
          `"${by.actor}" writes to ${who.on.what} as well, which would be told as an error of it`,
          'Give each a part or a file of its own, or let one actor of several instances do both.',
        ),
      ];
  if (!one.on.isWritten || !other.on.isWritten || (one.on.isShared && other.on.isShared)) return [];
  const isAtOnce = phases.some((phase) => [one, other].every(({ actor }) => loadedMs([phase], actor) > 0));
  if (!isAtOnce) return [];
  return [
    told(
      other,
      `"${one.actor}" writes to ${other.on.what} at the same time`,
      'Give each a part or a file of its own, or say "distribution": "shared" of both: they overwrite each other.',
    ),
  ];
}

function told({ actor, on }: Work, message: string, hint: string): Overlap {
  return { actor, fault: { path: on.path, message, hint } };
}

function isSame(one: WorkedOn, other: WorkedOn): boolean {
  if (one.what !== other.what)
    return one.what.startsWith(`${other.what}/`) || other.what.startsWith(`${one.what}/`);
  return one.from < other.from + other.bytes && other.from < one.from + one.bytes;
}
