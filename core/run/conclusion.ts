/**
 * The last part of a run: exporters take what is left, the record is made whole, the summary is written. What fails
 * here is in the summary too. Called by the orchestrator once everything has ended.
 */
import { inTurns } from '../base/turns.js';
import type { PhaseSummary, RunSummary } from '../contract/summary.js';
import type { ExporterLoss } from './fan-out.js';
import type { RunParts } from './parts.js';
import { buildSummary } from './summary.js';

/** What only the end itself could tell. */
export interface Ending {
  readonly stopMs: number;
  readonly heldAtStop: Readonly<Record<string, number>>;
}

export async function concludeRun(parts: RunParts, ending: Ending): Promise<RunSummary> {
  const { numbers, record, events, facts, streams, fanOut } = parts;
  const tellLoss = (loss: ExporterLoss): void => events.emit({ type: 'exporter.failed', ...loss });
  await numbers.writeDigests();
  for (const loss of await fanOut.drain()) tellLoss(loss);
  await record.sync();
  if (record.failure !== null) {
    const { windows: lostWindows, events: lostEvents } = record.lost;
    tellLoss({ exporter: 'record', reason: record.failure.message, lostWindows, lostEvents });
  }
  const phases = await inTurns(numbers.accumulator.summarizing());
  const summary = summarize(parts, ending, phases);
  parts.thresholds.finish(summary);
  events.emit({ type: 'run.ended', exitCode: summary.exitCode });
  streams.complete();
  await record.close();
  await record.finish(summary);
  const known = fanOut.losses().length;
  const late = await fanOut.end(summary);
  if (late.length === known) return summary;
  // An exporter that failed while ending: known only now, so the record's summary is written once more.
  for (const loss of late.slice(known)) facts.add({ atMs: events.atMs, type: 'exporter.failed', ...loss });
  const amended = summarize(parts, ending, phases);
  await record.finish(amended);
  return amended;
}

function summarize(
  parts: RunParts,
  { stopMs, heldAtStop }: Ending,
  phases: readonly PhaseSummary[],
): RunSummary {
  const { run, plan, record, facts, numbers, agents, safety, surroundings } = parts;
  return buildSummary({
    run,
    plan,
    record: record.dir,
    facts,
    accumulator: numbers.accumulator,
    phases,
    live: {
      stopMs,
      leftBehind: [...agents.leftBehind, ...surroundings.leftBehind],
      heldAtStop,
      absentSensors: safety.guard.absent,
      lost: {
        windows: record.lost.windows,
        events: record.lost.events,
        frames: numbers.lost?.frames ?? 0,
      },
      lateFrames: numbers.lost?.lateFrames ?? 0,
      refused: numbers.lost?.refused ?? 0,
      clockJumpMs: numbers.clockJumpMs,
      ownCpu: numbers.host?.cpu ?? null,
    },
  });
}
