/** What a plan may ask of the host. Null: this host does not say. Everything else is of the tighter of host and cgroup. */
export interface HostFacts {
  readonly platform: string;
  readonly hostname: string;
  readonly kernel: string;
  readonly node: string;
  /** Logical processors this process may run on. */
  readonly cores: number;
  /** Cores that the cgroup's quota grants; equals `cores` when there is none. */
  readonly quotaCores: number;
  readonly memory: {
    readonly totalBytes: number;
    /** Takeable now without pushing anything out: MemAvailable, or what the cgroup still has. */
    readonly availableBytes: number;
    /** Which is the tighter: the machine, or the control group this process runs in. */
    readonly boundBy: 'host' | 'cgroup';
    readonly swapFreeBytes: number | null;
  };
  /** Of the processor, the levels that hold data; null: the host does not say. */
  readonly caches: readonly CacheFact[] | null;
  readonly openFiles: number | null;
  readonly pids: number | null;
  /** Where scratch files go. */
  readonly tmp: string;
  readonly capabilities: readonly Capability[];
}

export interface CacheFact {
  /** 1 is next to the core. */
  readonly level: number;
  /** Of one such cache. */
  readonly bytes: number;
  /** How many of them the machine has. */
  readonly count: number;
  readonly lineBytes: number;
}

/** What a simulator may need beyond a plain process; found by trying, never assumed. */
export type Capability = 'linux' | 'root' | 'libc' | 'nice' | 'cgroup1' | 'cgroup2' | 'psi' | 'alarm';

/** What a plan costs at its peak. Only what is named is claimed; all amounts are totals over the instances. */
export interface ResourceEstimate {
  readonly memoryBytes?: number;
  readonly cores?: number;
  /** Of those, by threads that run before everything ordinary (SCHED_FIFO, SCHED_RR): brunt's own as well. */
  readonly realTimeCores?: number;
  readonly diskBytes?: number;
  readonly openFiles?: number;
  readonly threads?: number;
  readonly pids?: number;
  readonly sockets?: number;
  readonly inodes?: number;
  readonly bytesPerSecond?: number;
}
