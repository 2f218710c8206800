/**
 * A program that drives an agent with hot loops and a scratch directory, says so on standard output, and waits to be
 * killed. Tests of the dead man's switch run it as a process of its own. Argument: the lease time in milliseconds.
 */
import { actorOf, AgentHarness, holding } from '../agent-harness.js';

const module = new URL('../plugins/misbehaving.js', import.meta.url).href;
const harness = new AgentHarness({ leaseMs: Number(process.argv[2] ?? 2000) });
await harness.run(
  [
    actorOf({ name: 'hot', simulator: 'hot', module, instances: 4 }),
    actorOf({ name: 'prepared', simulator: 'prepared', module }),
  ],
  holding('hot', 1),
);
await harness.until(() => harness.frames.length > 0, 'the first frame');
const scratch = `${harness.folder}/brunt-test-prepared-0`;
console.log(JSON.stringify({ pid: harness.link.pid, scratch, folder: harness.folder }));
