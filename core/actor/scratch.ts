/** Asks the agent's main thread for a directory: it writes the journal first. Called by the context. */
import type { MessagePort } from 'node:worker_threads';
import type { FromInstance, ToInstance } from './input.js';

export function requestScratch(port: MessagePort): Promise<string> {
  return new Promise((resolve, reject) => {
    const listen = (answer: ToInstance): void => {
      port.off('message', listen);
      port.unref();
      if (answer.type === 'scratch') resolve(answer.path);
      else reject(new Error(`no scratch directory: ${answer.reason}`));
    };
    port.on('message', listen);
    const request: FromInstance = { type: 'scratch' };
    port.postMessage(request);
  });
}
