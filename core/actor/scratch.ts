/**
 * What an instance makes outside memory is asked of the agent's main thread, which writes the journal before it is made:
 * a scratch directory, or a path of the simulator's own. Called by the context.
 */
import type { MessagePort } from 'node:worker_threads';
import type { FromInstance, ToInstance } from './input.js';

export async function requestScratch(port: MessagePort): Promise<string> {
  const answer = await ask(
    port,
    { type: 'scratch' },
    ({ type }) => type === 'scratch' || type === 'scratch-failed',
  );
  if (answer.type === 'scratch') return answer.path;
  throw new Error(`no scratch directory: ${'reason' in answer ? answer.reason : ''}`);
}

export async function requestClaim(port: MessagePort, path: string): Promise<void> {
  const answer = await ask(
    port,
    { type: 'claim', path },
    (a) => (a.type === 'claimed' || a.type === 'claim-failed') && a.path === path,
  );
  if (answer.type === 'claim-failed') throw new Error(`cannot make ${path}: ${answer.reason}`);
}

function ask(
  port: MessagePort,
  request: FromInstance,
  isAnswer: (answer: ToInstance) => boolean,
): Promise<ToInstance> {
  return new Promise((resolve) => {
    const listen = (answer: ToInstance): void => {
      if (!isAnswer(answer)) return;
      port.off('message', listen);
      if (port.listenerCount('message') === 0) port.unref();
      resolve(answer);
    };
    port.on('message', listen);
    port.postMessage(request);
  });
}
