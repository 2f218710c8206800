/**
 * The program of an agent, forked by `link-local.ts` with: run, agent, epoch, pid of the orchestrator. Arms itself
 * against being orphaned, says hello, and hands every message to `agent.ts`.
 */
import { getPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { FromAgent, ToAgent } from '../contract/messages.js';
import { Agent } from './agent.js';
import { dieFirst, raisePriority } from './arming.js';
import { Envelopes } from './envelope.js';
import { DeadMansSwitch } from './switch.js';

/** Hot threads are ended in well under a second; what is left of it is for clearing up. */
const ABANDON_MS = 700;

function main(): void {
  keepHeapsAsTheyAre();
  const [run = '', agentName = '', epoch = '', parent = ''] = process.argv.slice(2);
  const envelopes = new Envelopes<FromAgent, ToAgent>({ run, agent: agentName, epoch: Number(epoch) });
  const send = (body: FromAgent): void => {
    // A send that fails means a closed channel, which the switch hears of by itself.
    if (process.connected) process.send?.(envelopes.wrap(body), undefined, {}, () => undefined);
  };
  // Terminal signals reach the whole group; it is the orchestrator that decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

  // Whoever read the pipes may be gone, which the switch hears of; what is then printed is lost, not fatal.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  const deadMan = new DeadMansSwitch(Number(parent), (reason) => void abandon(agent, reason));
  const agent = new Agent({
    run: () => envelopes.run,
    nice: getPriority(0),
    send,
    onLease: (leaseMs) => deadMan.setLease(leaseMs),
    onExit: () => {
      deadMan.disarm();
      // Messages are written in order: when this one is out, so is all that was said before.
      process.send?.(envelopes.wrap({ type: 'beat' }), undefined, {}, () => process.exit(0));
    },
  });
  // First of all: its thread boots while this one arms itself.
  agent.warmUp();
  const oomFirst = dieFirst();
  const priority = raisePriority();
  const alarm = deadMan.arm();
  const sayHello = (): void =>
    send({ type: 'hello', pid: process.pid, node: process.version, armed: { alarm, oomFirst, priority } });
  process.on('message', (message) => {
    const envelope = envelopes.open(message);
    if (envelope === null) return;
    deadMan.heard();
    if (envelope.body.type !== 'join') return agent.handle(envelope.body);
    envelopes.join(envelope.body);
    sayHello();
  });
  // One that does not know yet whose it is says it when it joins.
  if (run !== '') sayHello();
}

/**
 * Before the first thread: V8 shrinks the heap of every isolate that has fallen silent, 35 ms of processor time each,
 * and with many instances goes on with that for minutes. It would be measured as load that nobody asked for.
 */
function keepHeapsAsTheyAre(): void {
  setFlagsFromString('--no-memory-reducer');
}

/** Nobody steers any more: end the threads, clear up, go. Never returns to the event loop. */
async function abandon(agent: Agent, reason: string): Promise<void> {
  process.stderr.write(`ending without the orchestrator: ${reason}\n`);
  await agent.abandon(ABANDON_MS);
  process.kill(process.pid, 'SIGKILL');
}

main();
