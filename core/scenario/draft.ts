/**
 * What is left of a scenario after validation has cut out what breaks the schema: every key may be missing. The
 * resolving steps read it beside the problems, which tell a missing key from a wrong one.
 */
export interface Draft {
  readonly version?: 1;
  readonly name?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly seed?: number;
  readonly window?: string;
  readonly plugins?: Readonly<Record<string, string | undefined>>;
  readonly actors?: Readonly<Record<string, DraftActor | undefined>>;
  readonly phases?: readonly (DraftPhase | undefined)[];
  readonly safety?: DraftSafety;
  readonly thresholds?: Readonly<Record<string, readonly (DraftThreshold | undefined)[] | undefined>>;
  readonly exporters?: Readonly<Record<string, DraftUse | undefined>>;
}

export interface DraftUse {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface DraftActor extends DraftUse {
  readonly peak?: string;
  readonly instances?: number | 'per-core';
}

export interface DraftPhase {
  readonly name?: string;
  readonly duration?: string;
  readonly load?: Readonly<Record<string, DraftLoad | undefined>>;
  readonly measure?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface DraftLoad {
  readonly shape?: 'hold' | 'ramp' | 'steps';
  readonly level?: string;
  readonly from?: string;
  readonly to?: string;
  readonly curve?: 'linear' | 'exponential' | 's-curve';
  readonly levels?: readonly (string | undefined)[];
  readonly every?: string;
}

export interface DraftThreshold {
  readonly assert?: string;
  readonly severity?: 'fail' | 'warn';
}

export interface DraftSafety {
  readonly profile?: string;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly maxDuration?: string;
  readonly gracefulStop?: string;
}
