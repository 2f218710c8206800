/**
 * What the gate can watch: name, unit and direction of every sensor, and whom a breach concerns. Plain data, read by
 * limits, preflight, gate and guard. Units and names agree with HOST_METRICS (a test holds that).
 */
import type { Resource } from '../contract/plugin.js';
import type { MetricUnit } from '../contract/metrics.js';

export interface SensorInfo {
  readonly unit: MetricUnit;
  /** A limit triggers when the reading is beyond its bound in this direction. */
  readonly operator: '<' | '>';
  /** Agents that take this by lease endanger the limit; null: whatever runs does. */
  readonly takes: Resource | null;
  /** A stock fills or runs dry steadily, so its slope tells when; the others jump. */
  readonly isStock: boolean;
}

const info = (
  unit: MetricUnit,
  operator: '<' | '>',
  takes: Resource | null,
  isStock: boolean,
): SensorInfo => ({ unit, operator, takes, isStock });

export const SENSORS: Readonly<Record<string, SensorInfo>> = {
  'host.memory.available': info('bytes', '<', 'memory', true),
  'host.memory.pressure': info('share', '>', 'memory', false),
  'host.io.pressure': info('share', '>', null, false),
  'host.cpu.pressure': info('share', '>', null, false),
  'host.cpu.busy': info('share', '>', null, false),
  'host.cpu.temperature': info('celsius', '>', null, false),
  'host.swap.used': info('share', '>', 'memory', true),
  'host.open-files': info('share', '>', 'openFiles', true),
  'host.tasks': info('share', '>', 'pids', true),
  'host.disk.free': info('share', '<', 'disk', true),
  'host.disk.inodes': info('share', '<', 'disk', true),
  'host.guard.lateness': info('ns', '>', null, false),
  'host.cgroup.throttled': info('share', '>', null, false),
};
