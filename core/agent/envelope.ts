/** Puts messages into envelopes and takes them out again; whatever is not of this conversation is refused and counted. */
import { randomUUID } from 'node:crypto';
import { nowNs } from '../base/clock.js';
import type { Envelope } from '../contract/messages.js';
import { LINK_VERSION } from '../contract/messages.js';

export interface Conversation {
  readonly run: string;
  readonly agent: string;
  readonly epoch: number;
}

export class Envelopes<Out, In extends { readonly type: string }> {
  #conversation: Conversation;
  readonly #boot = randomUUID();
  #seq = 0;
  #refused = 0;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  get refused(): number {
    return this.#refused;
  }

  /** From now on, both ways. */
  join(conversation: Conversation): void {
    this.#conversation = conversation;
  }

  get run(): string {
    return this.#conversation.run;
  }

  wrap(body: Out): Envelope<Out> {
    const { run, agent, epoch } = this.#conversation;
    return { v: LINK_VERSION, run, agent, boot: this.#boot, epoch, seq: this.#seq++, tMonoNs: nowNs(), body };
  }

  /** The envelope when it is of this run, agent and epoch; else null. */
  open(message: unknown): Envelope<In> | null {
    const { run, agent, epoch } = this.#conversation;
    if (
      isEnvelope<In>(message) &&
      message.run === run &&
      message.agent === agent &&
      message.epoch === epoch
    ) {
      return message;
    }
    this.#refused++;
    return null;
  }
}

function isEnvelope<In>(message: unknown): message is Envelope<In> {
  if (typeof message !== 'object' || message === null) return false;
  const { v, body } = message as Partial<Record<keyof Envelope<In>, unknown>>;
  return v === LINK_VERSION && typeof body === 'object' && body !== null;
}
