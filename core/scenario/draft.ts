/**
 * What is left of a scenario after validation has cut out what breaks the schema: every key may be missing. The
 * resolving steps read it beside the problems, which tell a missing key from a wrong one.
 */
import type { ShapeName } from '../base/shapes.js';
import type { Capability } from '../contract/host.js';

export interface Draft {
  readonly version?: 1;
  readonly name?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly seed?: number;
  readonly window?: string;
  readonly plugins?: Readonly<Record<string, string | undefined>>;
  readonly target?: DraftTarget;
  readonly probes?: Readonly<Record<string, DraftProbe | undefined>>;
  readonly actors?: Readonly<Record<string, DraftActor | undefined>>;
  readonly cycles?: Readonly<Record<string, DraftCycle | undefined>>;
  readonly phases?: readonly (DraftPhase | undefined)[];
  readonly safety?: DraftSafety;
  readonly thresholds?: Readonly<Record<string, readonly (DraftThreshold | undefined)[] | undefined>>;
  readonly exporters?: Readonly<Record<string, DraftUse | undefined>>;
}

export interface DraftUse {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface DraftProbe extends DraftUse {
  readonly every?: string;
}

export interface DraftTarget {
  readonly command?: readonly (string | undefined)[];
  readonly pid?: number;
  readonly pidFile?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly ready?: string;
}

export interface DraftActor extends DraftUse {
  readonly peak?: string;
  readonly instances?: number | 'per-core';
  readonly arrival?: 'constant' | 'poisson' | 'uniform';
  readonly inFlight?: number;
  readonly thinkTime?: string;
  readonly burst?: number;
  readonly cap?: string | readonly (string | undefined)[];
  readonly pacing?: 'wait' | 'precise';
  readonly isolation?: 'thread' | 'process' | 'contained';
  readonly onFailure?: 'stop-run' | 'restart' | 'continue';
  readonly needs?: readonly (Capability | undefined)[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface DraftPhase {
  readonly name?: string;
  readonly duration?: string;
  readonly load?: Readonly<Record<string, DraftLoad | undefined>>;
  readonly until?: string;
  readonly otherwise?: 'fail' | 'continue';
  readonly measure?: boolean;
  readonly repeat?: number;
  readonly cycle?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface DraftCycle {
  readonly rounds?: number;
  readonly until?: string | readonly (string | undefined)[];
  readonly otherwise?: 'fail' | 'continue';
}

export interface DraftLoad {
  readonly shape?: ShapeName;
  readonly level?: string;
  readonly from?: string;
  readonly to?: string;
  readonly curve?: 'linear' | 'exponential' | 's-curve';
  readonly levels?: readonly (string | undefined)[];
  readonly instances?: readonly (number | undefined)[];
  readonly low?: string;
  readonly high?: string;
  readonly every?: string;
  readonly width?: string;
  readonly on?: string;
  readonly off?: string;
  readonly file?: string;
  readonly column?: string;
  readonly unit?: string;
  readonly speed?: number;
  readonly while?: string | readonly (string | undefined)[];
  readonly settle?: string;
  readonly resolution?: string;
}

export interface DraftThreshold {
  readonly assert?: string;
  readonly severity?: 'fail' | 'warn';
  readonly window?: string;
  readonly abort?: boolean;
  readonly after?: string;
  readonly reason?: string;
}

export interface DraftSafety {
  readonly profile?: string;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly maxDuration?: string;
  readonly gracefulStop?: string;
  readonly writablePaths?: readonly (string | undefined)[];
  readonly erasableDevices?: readonly (string | undefined)[];
  readonly network?: 'none' | 'loopback' | 'private' | 'any';
}
