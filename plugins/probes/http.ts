/**
 * Probe `http`: one request over a kept connection, the whole answer read. Succeeds with the expected status, by
 * default any of 2xx. Redirects are not followed: where they lead is another service.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Resolved } from '../../core/contract/index.js';
import { defineProbe, OperationError } from '../../core/contract/index.js';
import { counted, FAILURES } from './failures.js';

const OPTIONS = {
  type: 'object',
  properties: {
    url: { type: 'string', format: 'url', pattern: '^https?://', description: 'What is asked for.' },
    method: {
      type: 'string',
      enum: ['GET', 'HEAD', 'OPTIONS', 'POST'],
      default: 'GET',
      description: 'How it is asked; nothing is sent along.',
    },
    expectStatus: {
      type: 'integer',
      minimum: 100,
      maximum: 599,
      description: 'The one status that is a success; without it any of 2xx.',
    },
    timeout: { type: 'string', format: 'duration', default: '5s', description: 'Longer is a failure.' },
  },
  required: ['url'],
} as const;
type Options = Resolved<typeof OPTIONS>;
type Agents = Agent | SecureAgent;

export const http = defineProbe({
  name: 'http',
  description: 'Asks a URL and times the answer, the body included.',
  options: OPTIONS,
  metrics: FAILURES,
  defaultEvery: '1s',
  timeoutMs: ({ timeout }) => timeout,
  open({ options, metrics }) {
    const isSecure = options.url.startsWith('https:');
    const agent = isSecure
      ? new SecureAgent({ keepAlive: true, maxSockets: 1 })
      : new Agent({ keepAlive: true, maxSockets: 1 });
    return {
      sample: (_dueNs, signal) => counted(metrics, signal, () => ask(options, agent, signal)),
      close: () => agent.destroy(),
    };
  },
});

async function ask(options: Options, agent: Agents, signal: AbortSignal): Promise<void> {
  const first = await send(options, agent, signal);
  // A server may close an idle connection just when it is used again: that says nothing about its health.
  const status = first === 'stale' ? await send(options, agent, signal) : first;
  if (status === 'stale') throw new OperationError('reset', 'the connection was closed twice');
  const { expectStatus } = options;
  const isExpected = expectStatus === undefined ? status >= 200 && status < 300 : status === expectStatus;
  if (!isExpected) throw new OperationError('status', `status ${status}`);
}

/** The status once the whole answer has come; 'stale' when a kept connection turned out to be closed. */
function send({ url, method }: Options, agent: Agents, signal: AbortSignal): Promise<number | 'stale'> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith('https:') ? secureRequest : request;
    const outgoing = start(url, { method, agent, signal });
    outgoing.once('response', (answer: IncomingMessage) => {
      answer.once('error', reject);
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.resume();
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve('stale');
      else reject(error);
    });
    outgoing.end();
  });
}
