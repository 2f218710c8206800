/** What a run is made of once everything is open: given by the orchestrator to whoever ends or concludes it. */
import type { Plan } from '../contract/plan.js';
import type { RecordWriter } from '../record/write.js';
import type { AgentDesk } from './agent-desk.js';
import type { EventDesk } from './event-desk.js';
import type { FanOut } from './fan-out.js';
import type { NumbersDesk } from './numbers-desk.js';
import type { PhaseDesk } from './phase-desk.js';
import type { RunFacts } from './run-facts.js';
import type { SearchDesk } from './search-desk.js';
import type { SafetyDesk } from './safety-desk.js';
import type { RunStreams } from './streams.js';
import type { ThresholdDesk } from './threshold-desk.js';
import type { Surroundings } from './surroundings.js';

export interface RunParts {
  readonly run: string;
  readonly plan: Plan;
  readonly record: RecordWriter;
  readonly events: EventDesk;
  readonly agents: AgentDesk;
  readonly facts: RunFacts;
  readonly streams: RunStreams;
  readonly fanOut: FanOut;
  readonly numbers: NumbersDesk;
  readonly phases: PhaseDesk;
  readonly searches: SearchDesk;
  readonly safety: SafetyDesk;
  readonly thresholds: ThresholdDesk;
  readonly surroundings: Surroundings;
}
