/** Replays a record into exporters, also that of a run which did not end itself. */
import type { RunSummary } from '../contract/summary.js';
import { RunAccumulator } from '../metrics/accumulate.js';
import { readRecord } from '../record/read.js';
import { FanOut } from './fan-out.js';
import type { RunDeps } from './orchestrator.js';
import { RunFacts } from './run-facts.js';
import { buildSummary } from './summary.js';

/** How many windows go in before the exporters are waited for: far below what their queues hold. */
const REPLAY_BATCH = 256;

export async function reportRun(
  recordDir: string,
  deps: Pick<RunDeps, 'screen' | 'exporters'>,
): Promise<RunSummary> {
  const record = await readRecord(recordDir);
  const { plan, run } = record.manifest;
  const facts = new RunFacts();
  const accumulator = new RunAccumulator(plan);
  const fanOut = await FanOut.open(
    deps.exporters,
    { run, plan, record: recordDir, replay: true },
    deps.screen,
  );
  let replayed = 0;
  const breathe = async (): Promise<void> => {
    if (++replayed % REPLAY_BATCH === 0) await fanOut.drain();
  };
  for await (const event of record.events()) {
    facts.add(event);
    fanOut.event(event);
    await breathe();
  }
  for await (const window of record.windows()) {
    accumulator.add(window);
    fanOut.window(window);
    await breathe();
  }
  await fanOut.drain();
  const summary = record.summary ?? rebuilt();
  await fanOut.end(summary);
  return summary;

  function rebuilt(): RunSummary {
    const damaged = Object.values(record.damaged).reduce((sum, lines) => sum + lines, 0);
    if (damaged > 0) facts.notes.push(`${damaged} damaged lines of the record were passed over`);
    facts.reasons.unshift('the run did not end itself: this is what its record holds');
    return buildSummary({
      run,
      plan,
      record: recordDir,
      facts,
      accumulator,
      phases: accumulator.phases(),
      live: null,
    });
  }
}
