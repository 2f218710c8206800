/**
 * An orchestrator for the bench of protection: `protected-run.js PLAN.json RUNS_DIR GRANTS.json`. Runs the plan as the
 * command line would. Writes down, at the end, when what was granted to whom: taken from the wire, not from the ledger.
 */
import children from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { nowNs } from '../../../core/base/clock.js';
import type { ToAgent } from '../../../core/contract/messages.js';
import type { Plan } from '../../../core/contract/plan.js';

export interface Granted {
  readonly atNs: number;
  readonly bytes: number;
}

const [file = '', runsDir = '', grantsFile = ''] = process.argv.slice(2);
const grants: Granted[] = [];
const { fork } = children;
children.fork = ((...args: Parameters<typeof fork>) => {
  const child = fork(...args);
  const send = child.send.bind(child) as (...rest: unknown[]) => boolean;
  child.send = (message: unknown, ...rest: unknown[]) => {
    const { body } = message as { readonly body?: ToAgent };
    if (body?.type === 'grant') grants.push({ atNs: nowNs(), bytes: body.amount });
    return send(message, ...rest);
  };
  return child;
}) as typeof fork;
syncBuiltinESMExports();
// Only now: what imports `fork` gets the one above.
const { startRun } = await import('../../../core/run/orchestrator.js');

const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
const screen = { isLive: false, color: false, columns: () => 80, rows: () => 24, write: () => undefined };
const run = await startRun(plan, { runsDir, argv: [], version: '0', screen, exporters: [] });
process.on('SIGTERM', () => run.stop('signal', 'SIGTERM'));
process.exitCode = (await run.done).exitCode;
writeFileSync(grantsFile, JSON.stringify(grants));
