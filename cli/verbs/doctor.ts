/** `brunt doctor`: what this host can do, what it lacks and how to get it; as text or as JSON. */
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import type { Dimension } from '../../core/base/units.js';
import { formatNumber, formatQuantity } from '../../core/base/units.js';
import { table } from '../columns.js';
import type { Diagnosis, SensorReport } from '../doctor.js';
import { diagnose } from '../doctor.js';
import { putJson, say } from '../screen.js';

const PRIORITIES = {
  fifo: 'real time: it runs before all load',
  nice: 'raised: it is preferred to the load',
  none: 'ordinary: it competes with the load (see nice)',
} as const;

export async function doctorVerb(flags: { readonly json?: boolean }): Promise<ExitCode> {
  const diagnosis = await diagnose();
  if (flags.json === true) putJson(diagnosis);
  else say(diagnosisText(diagnosis));
  return EXIT.passed;
}

function diagnosisText(diagnosis: Diagnosis): string {
  const { capabilities, sensors, clock, koffi, guardPriority } = diagnosis;
  const here = capabilities.filter(({ isHere }) => isHere);
  const lacking = capabilities.filter(({ isHere }) => !isHere);
  const timing = [
    ['guard', PRIORITIES[guardPriority]],
    ['koffi', koffi ? 'here' : 'absent (see libc)'],
    ['clock', `steps of ${ns(clock.resolutionNs)}, ${ns(clock.readNs)} to read`],
    ['waking', `a wait of 1 ms ends ${ns(clock.wakeLateNs)} late (median)`],
  ];
  return [
    ['host', ...table(hostRows(diagnosis))],
    ['can', ...table(here.map(({ name, enables }) => [name, enables]))],
    ...(lacking.length === 0
      ? []
      : [['lacks', ...table(lacking.map(({ name, enables, how }) => [name, `${enables}. ${how}`]))]]),
    ['sensors', ...table(sensors.map(sensorRow))],
    ['timing', ...table(timing)],
  ]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const ns = (value: number): string => formatQuantity(value, 'time');

function hostRows({ host, who }: Diagnosis): string[][] {
  const { memory } = host;
  const bytes = (value: number): string => formatQuantity(value, 'bytes');
  const limit = (value: number | null): string => (value === null ? 'not known here' : formatNumber(value));
  return [
    ['system', [who.distribution, host.platform, host.kernel, who.arch].filter((s) => s !== null).join(', ')],
    ['machine', [who.cpuModel, who.virtualMachine].filter((s) => s !== null).join(', ') || 'not known here'],
    ['node', host.node],
    ['processor', `${host.cores} cores, of which ${formatNumber(host.quotaCores)} are granted`],
    [
      'memory',
      `${bytes(memory.availableBytes)} of ${bytes(memory.totalBytes)} available, bound by the ${memory.boundBy}`,
    ],
    ['swap', memory.swapFreeBytes === null ? 'not known here' : `${bytes(memory.swapFreeBytes)} free`],
    ['open files', `${limit(host.openFiles)} more in a process (ulimit -n)`],
    ['threads', `${limit(host.pids)} more`],
    ['scratch', host.tmp],
  ];
}

function sensorRow({ sensor, isHere, unit, value }: SensorReport): string[] {
  if (!isHere) return [sensor, 'absent: limits of the profile on it do nothing here'];
  return [sensor, value === null ? 'here' : formatQuantity(value, unitOf(unit))];
}

function unitOf(unit: string): Dimension {
  return unit === 'ns' ? 'time' : (unit as Dimension);
}
