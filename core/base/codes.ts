import type { ExitCode } from './exit-codes.js';
import { EXIT } from './exit-codes.js';

interface CodeEntry {
  readonly exit: ExitCode;
  /** One sentence for the documentation: when this is said. */
  readonly meaning: string;
}

const entry = (exit: ExitCode, meaning: string): CodeEntry => ({ exit, meaning });

/** Every error that brunt can say, with the exit code it leads to. Sorted by name; mirrored in docs/errors.md. */
export const ERROR_CODES = {
  E_ACTOR_FAILED: entry(EXIT.actor, 'A simulator threw, hung, or ended before its time.'),
  E_ACTOR_STUCK: entry(EXIT.actor, 'A working instance showed no progress past its quiet time.'),
  E_AGENT_LOST: entry(EXIT.actor, 'An agent process ended before it was told to.'),
  E_AGENT_START: entry(EXIT.cannotStart, 'An agent process did not get ready in time.'),
  E_DEVICE: entry(
    EXIT.cannotStart,
    'A device, file or folder cannot be worked on: in use, not as asked, no room, or not named in "erasableDevices".',
  ),
  E_DUPLICATE_KEY: entry(EXIT.invalid, 'A key appears twice in one object.'),
  E_EXPORTER: entry(EXIT.lostData, 'An exporter failed, or lost windows or events.'),
  E_EXPORTER_OPEN: entry(EXIT.cannotStart, 'An exporter could not open what it writes to.'),
  E_EXTENDS: entry(EXIT.invalid, 'Files extend each other in a circle, or too many of them.'),
  E_FILE: entry(EXIT.invalid, 'A file cannot be read.'),
  E_FILE_EXISTS: entry(EXIT.invalid, 'A file that would be written is there already.'),
  E_FRAGMENT: entry(EXIT.invalid, 'A file whose name begins with "_" is not run by itself.'),
  E_GRAMMAR: entry(EXIT.invalid, 'A sentence (threshold, peak, level, limit, duration) does not parse.'),
  E_HOST: entry(EXIT.cannotStart, 'The host has less than the plan asks for.'),
  E_INTERNAL: entry(EXIT.internal, 'A defect in brunt.'),
  E_JSON: entry(EXIT.invalid, 'The text is not JSON (comments and trailing commas are read).'),
  E_LIMIT_LOOSER: entry(EXIT.invalid, 'A scenario tries to loosen or remove a safety limit of its profile.'),
  E_LIMIT_SENSOR: entry(EXIT.cannotStart, 'A limit names a sensor that this host does not have.'),
  E_NAME: entry(EXIT.invalid, 'A name refers to nothing: actor, phase, metric, simulator, exporter.'),
  E_NOT_YET: entry(EXIT.invalid, 'The format knows this, but this version of brunt does not do it.'),
  E_OOM_KILLED: entry(EXIT.actor, 'The kernel ended an agent process because memory had run out.'),
  E_OPTIONS: entry(EXIT.invalid, 'Options of a simulator contradict each other, or cannot be had together.'),
  E_PATH: entry(EXIT.invalid, 'A simulator would write where the scenario does not allow it.'),
  E_PEAK: entry(EXIT.invalid, 'A peak, level or instance count does not fit the simulator.'),
  E_PLAN_SIZE: entry(EXIT.cannotStart, 'The plan needs more instances, agents or pieces than brunt allows.'),
  E_PLUGIN_API: entry(EXIT.invalid, 'A plugin is written for another plugin API.'),
  E_PLUGIN_CONTRACT: entry(EXIT.invalid, 'A plugin breaks the contract that it is written against.'),
  E_PLUGIN_LOAD: entry(EXIT.invalid, 'A plugin cannot be found or its module cannot be imported.'),
  E_PLUGIN_UNTRIED: entry(
    EXIT.cannotStart,
    'A simulator could not be tried on this host: only its declarations were checked.',
  ),
  E_PROBE: entry(EXIT.actor, 'The thread of the probes ended or hung.'),
  E_PROBE_OPEN: entry(EXIT.cannotStart, 'A probe cannot be loaded or opened.'),
  E_PROFILE: entry(EXIT.cannotStart, 'The scenario needs a wider safety profile than was granted.'),
  E_RECORD: entry(EXIT.lostData, 'The run record cannot be written or read.'),
  E_RECORD_OPEN: entry(EXIT.cannotStart, 'The run record cannot be made.'),
  E_RUN_IN_USE: entry(EXIT.invalid, 'A run that is going on, or left something behind, cannot be removed.'),
  E_RUN_UNKNOWN: entry(EXIT.invalid, 'No run record has this name.'),
  E_SAFETY: entry(EXIT.safety, 'The safety gate stopped the run.'),
  E_SCHEMA: entry(EXIT.invalid, 'A value has the wrong type or a key is unknown.'),
  E_SET: entry(EXIT.invalid, 'A --set has no path into the scenario.'),
  E_TARGET: entry(EXIT.actor, 'The target ended by itself.'),
  E_TARGET_START: entry(EXIT.cannotStart, 'The target cannot be started, or was not ready in time.'),
  E_THRESHOLD: entry(EXIT.threshold, 'A threshold did not hold.'),
  E_TRACE: entry(EXIT.invalid, 'A recorded trace cannot be read as levels.'),
  E_UNAVAILABLE: entry(EXIT.cannotStart, 'A simulator says that this host lacks what it needs.'),
  E_USAGE: entry(EXIT.usage, 'The command line is not understood.'),
  E_VARIABLE: entry(EXIT.invalid, 'A variable is not declared, has no value, or has one of another type.'),
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
