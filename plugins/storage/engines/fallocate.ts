/** Which mode of fallocate(2) does an operation. Called by engines. */
import { FALLOC } from '../../../core/linux/file-io.js';
import { OP } from './engine.js';

export function fallocateMode(op: number): number {
  switch (op) {
    case OP.punch:
      return FALLOC.punchHole | FALLOC.keepSize;
    case OP.zero:
    case OP.writeZeroes:
      return FALLOC.zeroRange | FALLOC.keepSize;
    case OP.collapse:
      return FALLOC.collapseRange;
    default:
      return 0;
  }
}
