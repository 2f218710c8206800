/** Kinds of failed samples, which the probes that use the network share: an error enters, its kind leaves. */
import type { MetricSpecs, Recorders } from '../../core/contract/index.js';
import { OperationError } from '../../core/contract/index.js';

const KINDS = ['refused', 'reset', 'timeout', 'name', 'status', 'other'] as const;
export type FailureKind = (typeof KINDS)[number];

export const FAILURES = {
  failures: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Failed samples by kind: refused, reset, timeout, name (not resolved), status (not the one expected), other.',
    tags: { kind: KINDS },
  },
} as const satisfies MetricSpecs;

const KIND_OF: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'name',
  EAI_AGAIN: 'name',
};

/** Runs one sample; when it fails, counts it under its kind and lets the core count it too. */
export async function counted(
  metrics: Recorders<typeof FAILURES>,
  signal: AbortSignal,
  sample: () => Promise<void>,
): Promise<void> {
  try {
    await sample();
  } catch (error) {
    metrics.failures.with({ kind: signal.aborted ? 'timeout' : kindOf(error) }).add(1);
    throw error;
  }
}

function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'other';
  if (error instanceof OperationError) return error.code === 'status' ? 'status' : 'other';
  return 'code' in error ? (KIND_OF[String(error.code)] ?? 'other') : 'other';
}
