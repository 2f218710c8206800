/**
 * What the orchestrator knows of an agent: typed messages both ways, its output, its end. Nothing here says where
 * the agent runs. Made by `link-local.ts`, used by core/run.
 */
import type { Envelope, FromAgent, ToAgent } from '../contract/messages.js';
import type { Conversation } from './envelope.js';

export interface LinkEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Link {
  readonly pid: number;
  /** False once the channel has closed: nothing that is sent arrives any more. */
  readonly isOpen: boolean;
  /** Messages dropped because they belong to another run, agent, epoch or protocol version. */
  readonly dropped: number;
  /** Says whether the message went out; false once the channel is closed. */
  send(body: ToAgent): boolean;
  /** For a link whose agent was forked before there was a plan: says whose it is from now on. */
  join(conversation: Conversation): void;
  onMessage(listener: (body: FromAgent, envelope: Envelope<FromAgent>) => void): void;
  /** One line of what the agent printed, without its line end; long and surplus lines are cut and counted. */
  onOutput(listener: (stream: 'stdout' | 'stderr', text: string) => void): void;
  /** Settles, never rejects, when the agent's process has ended and its output was read. */
  readonly closed: Promise<LinkEnd>;
  /** Ends the process at once, whatever it does. Harmless when it is gone. */
  kill(): void;
}
