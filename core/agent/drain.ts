/** Reads what a thread said before its task's answer, which overtakes it. Used where a task's port is about to close. */
import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { FromInstance } from '../actor/input.js';

export function drain(port: MessagePort, hear: (message: FromInstance) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: FromInstance } | undefined;
    if (received === undefined) return;
    hear(received.message);
  }
}
