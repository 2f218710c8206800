/** An orchestrator of its own for tests: `run-plan.js PLAN.json RUNS_DIR`. Ends as the run says; SIGTERM stops it. */
import { readFileSync } from 'node:fs';
import type { Plan } from '../../../core/contract/plan.js';
import { startRun } from '../../../core/run/orchestrator.js';

const [file = '', runsDir = ''] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
const screen = { isLive: false, color: false, columns: () => 80, rows: () => 24, write: () => undefined };
const run = await startRun(plan, { runsDir, argv: [], version: '0', screen, exporters: [] });
process.on('SIGTERM', () => run.stop('signal', 'SIGTERM'));
process.exitCode = (await run.done).exitCode;
