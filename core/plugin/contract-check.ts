/**
 * Whether a plugin keeps the contract, as far as it can be seen without running it: its module's URL enters, findings
 * and what there is to try leave. The looking is done by `contract-probe.ts` in a process of its own. Called by
 * core/check-plugin.ts for `brunt validate`.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BruntError } from '../base/errors.js';
import type { HostFacts } from '../contract/host.js';
import type { ProbeFault, ProbeReport, SeenSimulator } from './contract-probe.js';

/** Importing twice and asking all pure functions takes well under a second; a cold disk may take some. */
const PROBE_MS = 5000;
const PROBE = fileURLToPath(new URL('./contract-probe.js', import.meta.url));

export interface Inspection {
  readonly findings: readonly BruntError[];
  /** Empty when there are findings: what does not even declare itself well is not run. */
  readonly simulators: readonly SeenSimulator[];
}

/** Never throws for what the plugin does. */
export async function inspectPlugin(url: string, host: HostFacts): Promise<Inspection> {
  const seen = await runProbe(url, host);
  if (typeof seen === 'string')
    return { findings: [finding(url, { about: null, text: seen })], simulators: [] };
  return { findings: seen.faults.map((fault) => finding(url, fault)), simulators: seen.simulators };
}

/** The report, or why there is none. */
async function runProbe(
  url: string,
  host: HostFacts,
): Promise<Extract<ProbeReport, { type: 'report' }> | string> {
  const child = fork(PROBE, [], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  let stage = 'its import';
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(`${stage} did not end within ${PROBE_MS / 1000} s`), PROBE_MS);
      child.on('message', (report: ProbeReport) => {
        if (report.type === 'stage') stage = report.stage;
        else resolve(report);
      });
      child.on('error', (error) => resolve(`it cannot be looked at: ${error.message}`));
      child.on('exit', (code, signal) => {
        resolve(
          `${stage} ended the process (${signal === null ? `exit code ${code ?? '?'}` : `signal ${signal}`})`,
        );
      });
      child.send({ url, host }, () => undefined); // a failure shows as an exit
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

/** Also used for what running it shows. */
export function finding(url: string, { about, text, hint, code }: ProbeFault): BruntError {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  return new BruntError({
    code: code ?? 'E_PLUGIN_CONTRACT',
    message: text,
    place: { file, ...(about !== null && { path: about }) },
    ...(hint !== undefined && { hint }),
  });
}
