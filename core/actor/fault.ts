/** What a method of a simulator threw while others of it may be running: keeps the method that is to blame. */
import { messageOf } from '../base/errors.js';
import type { Method } from '../contract/control-block.js';

export class MethodFault extends Error {
  override name = 'MethodFault';
  readonly method: Method;

  /** `sequence`: the number of the operation that it happened in. The stack is that of the cause. */
  constructor(method: Method, cause: unknown, sequence: number | null = null) {
    super(sequence === null ? messageOf(cause) : `operation ${sequence}: ${messageOf(cause)}`, { cause });
    this.method = method;
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack;
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
