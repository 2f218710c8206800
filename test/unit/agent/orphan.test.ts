import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually, isAlive } from '../../support/processes.js';

const PROGRAM = fileURLToPath(new URL('../../support/programs/orphan-maker.js', import.meta.url));

interface Made {
  readonly pid: number;
  readonly scratch: string;
  readonly folder: string;
}

describe("the dead man's switch of an agent with hot loops", () => {
  let orchestrator: ChildProcess;
  let made: Made;

  async function make(leaseMs: number): Promise<void> {
    orchestrator = spawn(process.execPath, [PROGRAM, String(leaseMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(orchestrator.stdout!), 'line')) as [string];
    made = JSON.parse(line) as Made;
    expect(isAlive(made.pid)).to.equal(true);
    expect(existsSync(made.scratch)).to.equal(true);
  }
  afterEach(() => {
    orchestrator.kill('SIGKILL');
    rmSync(made.folder, { recursive: true, force: true });
  });
  beforeEach(function () {
    if (process.platform !== 'linux') this.skip(); // reads /proc
  });

  it('ends it, and removes its scratch directory, when the orchestrator is killed', async () => {
    await make(2000);
    orchestrator.kill('SIGKILL');
    await eventually('the agent lives on', 5000, () => !isAlive(made.pid));
    expect(existsSync(made.scratch)).to.equal(false);
  });

  it('ends it when the orchestrator falls silent, though its channel stays open', async () => {
    await make(1000);
    orchestrator.kill('SIGSTOP');
    await eventually('the agent lives on', 8000, () => !isAlive(made.pid));
    expect(existsSync(made.scratch)).to.equal(false);
  });
});
