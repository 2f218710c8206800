/** What an instance logs goes to the agent's main thread as messages, bounded in number and length. */
import type { MessagePort } from 'node:worker_threads';
import type { FromInstance } from './input.js';
import { nowNs, SECOND } from '../base/clock.js';

/** Messages of one instance in one second; what exceeds them is counted, and told with the next that passes. */
const LOGS_PER_SECOND = 100;
const MESSAGE_MAX = 4096;

export class LogPort {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  #secondNs = -Infinity;
  #inThisSecond = 0;
  #dropped = 0;

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  say(level: 'debug' | 'info' | 'warn', message: string): void {
    const now = nowNs();
    if (now - this.#secondNs >= SECOND) {
      this.#secondNs = now;
      this.#inThisSecond = 0;
    }
    if (++this.#inThisSecond > LOGS_PER_SECOND) {
      this.#dropped++;
      return;
    }
    const dropped = this.#dropped > 0 ? ` (${this.#dropped} messages before it were dropped)` : '';
    this.#dropped = 0;
    const text = message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX)} …` : message;
    const log: FromInstance = { type: 'log', level, message: text + dropped };
    this.#port.postMessage(log);
  }
}
