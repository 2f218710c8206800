/** What the operations of one actor added up to, by kind, over all phases, measured or not. Trust checks read it. */
import type { RunAccumulator } from './accumulate.js';

export interface KindTotals {
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
}

export interface ActorOperations {
  readonly kinds: ReadonlyMap<string, KindTotals>;
  /** Of all kinds, failed ones too. */
  readonly done: number;
}

export function operationTotals(accumulator: RunAccumulator, actor: string): ActorOperations {
  const kinds = new Map<string, { done: number; failed: number; bytes: number }>();
  for (const phase of accumulator.phaseTotals) {
    for (const { metric, tags, total } of phase.series.values()) {
      if (tags['actor'] !== actor || !metric.startsWith('op.')) continue;
      const op = tags['op'] ?? '';
      const kind = kinds.get(op) ?? { done: 0, failed: 0, bytes: 0 };
      const { point } = total.total();
      if (metric === 'op.count' && point.kind === 'counter') kind.done += point.count;
      else if (metric === 'op.bytes' && point.kind === 'counter') kind.bytes += point.count;
      else if (metric === 'op.errors' && point.kind === 'ratio') kind.failed += point.hits;
      else continue;
      kinds.set(op, kind);
    }
  }
  return { kinds, done: [...kinds.values()].reduce((sum, kind) => sum + kind.done, 0) };
}
