/**
 * Every metric that the core itself measures, under its full name. Plans put these beside what plugins declare;
 * agents, the guard and the orchestrator make their recorders from them.
 */
import type { MetricSpec, MetricSpecs, MetricUnit } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';
import { heldUnit } from '../contract/plan.js';

/**
 * What each actor has. `actor.asked` and `actor.held` are in the unit of the actor's control; the `count` here
 * stands for it, and `actorMetrics` puts the real one in.
 */
export const ACTOR_METRICS = {
  'actor.asked': {
    kind: 'gauge',
    unit: 'count',
    help: 'The amount that the timeline and the safety scale ask of the actor, in the unit of its peak.',
  },
  'actor.held': {
    kind: 'gauge',
    unit: 'count',
    help: 'The amount that the actor says it holds or does, in the unit of its peak.',
  },
  'actor.achieved': {
    kind: 'gauge',
    unit: 'share',
    better: 'higher',
    across: 'mean',
    help: 'Held over asked for amounts, growth and concurrency, done over due for rates; nothing asked, no value.',
  },
  'actor.cpu': {
    kind: 'gauge',
    unit: 'share',
    help: 'Processor time of the threads of the actor, as a share of one core.',
  },
  'actor.rss': {
    kind: 'gauge',
    unit: 'bytes',
    help: 'Resident memory of the process of the actor (actors in a process of their own).',
  },
  'actor.restarts': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Instances of the actor that were started again.',
  },
} as const satisfies MetricSpecs;

const UNIT_OF_CONTROL: Readonly<Record<PlannedActor['unit'], MetricUnit>> = {
  bytes: 'bytes',
  cores: 'cores',
  count: 'count',
  'bytes/s': 'bytes/s',
  'ops/s': 'ops/s',
  switch: 'count',
};

/** ACTOR_METRICS with asked and held in the actor's own unit. */
export function actorMetrics(actor: Pick<PlannedActor, 'unit' | 'control'>): typeof ACTOR_METRICS {
  const unit = UNIT_OF_CONTROL[heldUnit(actor)];
  const specs: Record<keyof typeof ACTOR_METRICS, MetricSpec> = {
    ...ACTOR_METRICS,
    'actor.asked': { ...ACTOR_METRICS['actor.asked'], unit },
    'actor.held': { ...ACTOR_METRICS['actor.held'], unit },
  };
  // Same names and kinds, which is what recorders are made from; only the nominal unit differs.
  return specs as typeof ACTOR_METRICS;
}

/** What the core records of each operation. */
export const OP_METRICS = {
  'op.count': {
    kind: 'counter',
    unit: 'count',
    better: 'higher',
    help: 'Operations that ended, failed ones too.',
  },
  'op.due': { kind: 'counter', unit: 'count', help: 'Operations that fell due by the arrival process.' },
  'op.latency': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'From when an operation was due until it ended: wait and service together.',
  },
  'op.service': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'From the start of an operation until its end.',
  },
  'op.wait': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'From when an operation was due until it started.',
  },
  'op.bytes': { kind: 'counter', unit: 'bytes', better: 'higher', help: 'Bytes that operations moved.' },
  'op.errors': {
    kind: 'ratio',
    unit: 'share',
    better: 'lower',
    help: 'Failed operations among all that ended.',
  },
  'op.failed.latency': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'From when an operation was due until it failed; op.latency, op.service and op.wait are of those that did not.',
  },
  'op.unfinished': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Operations that fell due and never ended: outstanding or waiting when the actor stopped or went idle.',
  },
  'op.queued': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Operations that had to wait because as many as inFlight allows were outstanding.',
  },
  'op.capped': {
    kind: 'counter',
    unit: 'count',
    help: 'Operations that a cap of the scenario held back.',
  },
} as const satisfies MetricSpecs;

/** The `code` of operations that did not fail, so that all codes together count every operation once. */
export const NO_ERROR = 'none';

/** What is counted before it is known which kind of operation it is. */
const WITHOUT_OP: readonly string[] = ['op.due', 'op.unfinished', 'op.queued', 'op.capped'];

/**
 * OP_METRICS with their tags: `op` for all but those that no kind of operation owns yet, and `code` beside
 * it for errors. Codes come up while running: a group of recorders for a new one is added when it is first seen,
 * with nothing but hits; what did not fail is marked under NO_ERROR.
 */
export function opMetrics(operations: readonly string[], codes: readonly string[] = []): MetricSpecs {
  const op = [...operations];
  const specs: Record<string, MetricSpec> = {};
  for (const [name, spec] of Object.entries(OP_METRICS)) {
    if (WITHOUT_OP.includes(name)) specs[name] = spec;
    else specs[name] = { ...spec, tags: name === 'op.errors' ? { op, code: [NO_ERROR, ...codes] } : { op } };
  }
  return specs;
}

const share = (help: string, better: 'lower' | 'higher' = 'lower'): MetricSpec & { kind: 'gauge' } => ({
  kind: 'gauge',
  unit: 'share',
  better,
  across: 'max',
  help,
});

/** What the sensors of the guard say about the machine. One that the host lacks has no values. */
export const HOST_METRICS = {
  'host.cgroup.throttled': share(
    'Share of time in which the processor quota of the group held threads back.',
  ),
  'host.cpu.busy': share('Processor time in use, as a share of all cores.'),
  'host.cpu.pressure': share('Share of time in which some task waited for a processor (PSI some).'),
  'host.cpu.temperature': {
    kind: 'gauge',
    unit: 'celsius',
    better: 'lower',
    across: 'max',
    help: 'The hottest processor sensor.',
  },
  'host.disk.free': share('Free space of the filesystem that holds the run record.', 'higher'),
  'host.disk.inodes': share('Free inodes of the filesystem that holds the run record.', 'higher'),
  'host.guard.lateness': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'How late the ticks of the safety guard came.',
  },
  'host.io.pressure': share('Share of time in which all tasks waited for storage (PSI full).'),
  'host.memory.available': {
    kind: 'gauge',
    unit: 'bytes',
    better: 'higher',
    across: 'min',
    help: 'Memory that can be taken without pushing anything out: the tighter of machine and control group.',
  },
  'host.memory.pressure': share('Share of time in which all tasks waited for memory (PSI full).'),
  'host.open-files': share('Open files, as a share of what the system allows.'),
  'host.scheduler.lag': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'How late a thread of ordinary priority was woken by its timer.',
  },
  'host.swap.used': share('Swap in use, as a share of all swap.'),
  'host.tasks': share('Processes and threads, as a share of the tightest limit.'),
} as const satisfies MetricSpecs;

/** What the orchestrator says about the run and about itself. */
export const RUN_METRICS = {
  'host.oom-kills': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Processes that the OOM killer of the kernel ended: on the whole machine, and in our own control group.',
    tags: { scope: ['system', 'cgroup'] },
  },
  'brunt.cpu': {
    kind: 'gauge',
    unit: 'share',
    better: 'lower',
    help: 'Processor time of the orchestrator process, as a share of one core.',
  },
  'brunt.rss': {
    kind: 'gauge',
    unit: 'bytes',
    better: 'lower',
    help: 'Resident memory of the orchestrator process.',
  },
  'phase.time': {
    kind: 'gauge',
    unit: 'ns',
    help: 'Time since the phase began; at its end, how long it took.',
  },
  'safety.state': {
    kind: 'gauge',
    unit: 'state',
    better: 'lower',
    across: 'max',
    help: 'Severity of what the safety gate does: 0 ok, 1 warn, 2 throttle, 3 pause, 4 stop, 5 kill.',
  },
} as const satisfies MetricSpecs;

/** What the core records of each probe, tagged with its name. */
export const PROBE_METRICS = {
  'probe.up': {
    kind: 'gauge',
    unit: 'count',
    better: 'higher',
    across: 'min',
    help: '1 when the last sample of the probe succeeded, else 0.',
  },
  'probe.latency': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'From when a sample was due until it had succeeded, or was given up for taking too long.',
  },
  'probe.errors': {
    kind: 'ratio',
    unit: 'share',
    better: 'lower',
    help: 'Failed samples among all.',
  },
  'probe.missed': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Samples that fell due while another one was being taken; they are not made up for.',
  },
} as const satisfies MetricSpecs;

/** The command that the load is put beside, with every process it started. */
export const TARGET_METRICS = {
  'target.cpu': {
    kind: 'gauge',
    unit: 'share',
    help: 'Processor time of the target and all it started, as a share of one core.',
  },
  'target.open-files': { kind: 'gauge', unit: 'count', help: 'Open descriptors of the target.' },
  'target.restarts': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'How often the target was started again; a target that ends by itself ends the run.',
  },
  'target.rss': { kind: 'gauge', unit: 'bytes', help: 'Resident memory of the target.' },
  'target.threads': { kind: 'gauge', unit: 'count', help: 'Threads of the target.' },
} as const satisfies MetricSpecs;
