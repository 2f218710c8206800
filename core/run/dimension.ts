import type { Dimension } from '../base/units.js';

/** The dimension that a metric's unit is printed in. */
export function dimensionOf(unit: string): Dimension {
  switch (unit) {
    case 'ns':
      return 'time';
    case 'bytes':
    case 'share':
    case 'cores':
    case 'celsius':
    case 'hertz':
    case 'ops/s':
    case 'bytes/s':
      return unit;
    default:
      return 'count';
  }
}
