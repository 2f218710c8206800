/** What happens in a run, one line each in events.ndjson. atMs counts from the start instant; 0 while starting. */
import type { SafetyAction, SafetyState } from '../base/sentences.js';
import type { SearchStep, SearchSummary } from './search.js';

/** What the actors of one agent took beyond their leases, in bytes or descriptors. */
export interface Unleased {
  readonly actors: readonly string[];
  readonly resource: 'memory' | 'openFiles';
  /** By how much the process has grown since the start instant. */
  readonly grown: number;
  /** The most that its actors had by lease at one time. */
  readonly leased: number;
  /** What any plugin may use for itself without asking. */
  readonly allowance: number;
}

/** The kernel's OOM killer took an agent. */
export interface OomKill {
  /** What was out of memory. */
  readonly scope: 'cgroup' | 'system';
  /** What the kernel wrote of it; null where its log cannot be read. */
  readonly words: string | null;
}

interface At {
  readonly atMs: number;
}

export type RunEvent = At &
  (
    | { readonly type: 'run.starting'; readonly run: string }
    | { readonly type: 'run.started'; readonly startedAt: string }
    | { readonly type: 'run.stopping'; readonly reason: string; readonly cause: StopCause }
    | { readonly type: 'run.ended'; readonly exitCode: number }
    | { readonly type: 'phase.started'; readonly phase: string; readonly phaseIndex: number }
    | {
        readonly type: 'phase.ended';
        readonly phase: string;
        readonly phaseIndex: number;
        readonly tookMs: number;
      }
    /** An `until` came true: what was sought, the value that did it, and a sentence for the summary. */
    | {
        readonly type: 'phase.reached';
        readonly phase: string;
        readonly phaseIndex: number;
        readonly until: string;
        readonly value: number | null;
        readonly text: string;
      }
    | {
        readonly type: 'phase.missed';
        readonly phase: string;
        readonly phaseIndex: number;
        readonly until: string;
        readonly otherwise: 'fail' | 'continue';
      }
    /** A search has judged a level. `text` is a sentence for a screen. */
    | ({
        readonly type: 'search.step';
        readonly phase: string;
        readonly phaseIndex: number;
        readonly actor: string;
        readonly text: string;
      } & SearchStep)
    | ({
        readonly type: 'search.ended';
        readonly phaseIndex: number;
        readonly otherwise: 'fail' | 'continue';
      } & Omit<SearchSummary, 'steps'>)
    | {
        readonly type: 'actor.restarted';
        readonly actor: string;
        readonly reason: string;
        readonly restarts: number;
      }
    | {
        readonly type: 'probe.log';
        readonly probe: string;
        readonly level: 'debug' | 'info' | 'warn';
        readonly message: string;
      }
    /** `command`: the program; its arguments are in the plan. */
    | { readonly type: 'target.started'; readonly pid: number; readonly command: string }
    | { readonly type: 'target.ready'; readonly tookMs: number }
    | { readonly type: 'target.output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
    | { readonly type: 'target.ended'; readonly cause: string; readonly wasAsked: boolean }
    | {
        readonly type: 'threshold.failed';
        readonly threshold: string;
        readonly value: number | null;
        readonly aborts: boolean;
      }
    | { readonly type: 'agent.ready'; readonly agent: string; readonly pid: number; readonly tookMs: number }
    | {
        readonly type: 'agent.lost';
        readonly agent: string;
        readonly pid: number;
        readonly cause: string;
        readonly actors: readonly string[];
      }
    /** Comes before the `agent.lost` that it explains. */
    | ({ readonly type: 'agent.oom'; readonly agent: string; readonly pid: number } & OomKill)
    | {
        readonly type: 'agent.output';
        readonly agent: string;
        readonly stream: 'stdout' | 'stderr';
        readonly text: string;
      }
    | { readonly type: 'actor.ended'; readonly actor: string; readonly instance: number }
    | {
        readonly type: 'actor.failed';
        readonly actor: string;
        readonly instance: number | null;
        readonly simulator: string;
        /** Name of the plugin that the simulator is of; absent for a built-in. */
        readonly plugin?: string;
        /** The method of the simulator that was running: "start", "adjust", "run" … */
        readonly method: string | null;
        readonly code: string;
        readonly reason: string;
        readonly stack?: string;
      }
    | {
        readonly type: 'actor.stuck';
        readonly actor: string;
        readonly instance: number;
        readonly method: string;
        readonly silentMs: number;
      }
    /** An agent's process has grown beyond what its actors were granted: somebody takes without a lease. */
    | ({ readonly type: 'actor.unleased'; readonly agent: string } & Unleased)
    | {
        readonly type: 'actor.log';
        readonly actor: string;
        readonly instance: number;
        readonly level: 'debug' | 'info' | 'warn';
        readonly message: string;
      }
    | { readonly type: 'stop.rung'; readonly rung: StopRung; readonly agent: string; readonly detail: string }
    | {
        readonly type: 'safety.action';
        readonly from: SafetyState;
        readonly to: SafetyState;
        /** The sensor whose limit did it. */
        readonly limit: string;
        readonly value: number;
        readonly bound: number;
        readonly unit: string;
        /** profile, scenario, look-ahead or person. */
        readonly source: string;
        readonly effect: string;
      }
    | {
        readonly type: 'safety.freeze';
        readonly agent: string;
        readonly pid: number;
        readonly frozenMs: number;
      }
    | {
        readonly type: 'lease.denied';
        readonly actor: string;
        readonly resource: string;
        readonly asked: number;
        readonly there: number;
        readonly limit: string;
      }
    | {
        readonly type: 'lease.expired';
        readonly actor: string;
        readonly resource: string;
        readonly amount: number;
      }
    | { readonly type: 'person.scaled'; readonly scale: number }
    | {
        readonly type: 'exporter.failed';
        readonly exporter: string;
        readonly reason: string;
        readonly lostWindows: number;
        readonly lostEvents: number;
      }
    | { readonly type: 'note'; readonly message: string }
  );

export type RunEventBody = RunEvent extends infer E ? (E extends unknown ? Omit<E, 'atMs'> : never) : never;

/** Why a run ends before its last phase does. */
export type StopCause =
  | 'completed'
  | 'safety'
  | 'actor'
  | 'signal'
  | 'person'
  | 'cannot-start'
  | 'internal'
  | 'max-duration'
  | 'threshold'
  | 'target';

/** The stop ladder, from asking to reaping. */
export type StopRung = 'ask' | 'release' | 'terminate' | 'kill' | 'reap';

export type { SafetyAction, SafetyState };
