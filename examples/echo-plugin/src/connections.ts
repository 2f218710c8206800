/**
 * Some TCP connections that are kept open, each with one message on its way at most. Whatever goes wrong with one is a
 * failed operation with the system's code; the connection is made anew for the next.
 */
import { connect, type Socket } from 'node:net';
import { OperationError } from 'brunt/plugin';

export interface ConnectionsInput {
  readonly host: string;
  readonly port: number;
  readonly count: number;
  readonly timeoutMs: number;
  /** Called for each connection that was made. */
  readonly onConnect: (isFirst: boolean) => void;
}

export class Connections {
  readonly #input: ConnectionsInput;
  /** Free places; null: a place whose connection broke. */
  readonly #free: (Socket | null)[] = [];
  readonly #waiting: ((place: Socket | null) => void)[] = [];
  readonly #all = new Set<Socket>();

  private constructor(input: ConnectionsInput) {
    this.#input = input;
  }

  /** Rejects with the system's error when the server is not there. */
  static async open(input: ConnectionsInput): Promise<Connections> {
    const made = new Connections(input);
    try {
      for (let n = 0; n < input.count; n++) made.#free.push(await made.#connect(true));
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  }

  /** Sends a message and gives back as many bytes as it has. Throws OperationError. */
  async exchange(message: Buffer): Promise<Buffer> {
    let place = this.#free.length > 0 ? (this.#free.pop() ?? null) : await this.#freed();
    try {
      if (place === null || place.destroyed) place = await this.#connect(false);
      return await roundTrip(place, message, this.#input.timeoutMs);
    } catch (error) {
      // A reply may still be on its way: nobody is to take it for theirs.
      place?.destroy();
      place = null;
      throw new OperationError(codeOf(error), error instanceof Error ? error.message : String(error));
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(place);
      else next(place);
    }
  }

  close(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #freed(): Promise<Socket | null> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #connect(isFirst: boolean): Promise<Socket> {
    const { host, port, timeoutMs, onConnect } = this.#input;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      this.#all.add(socket);
      socket.once('close', () => this.#all.delete(socket));
      // Also while nobody waits: an error that no one hears would end the actor.
      socket.on('error', reject);
      socket.setTimeout(timeoutMs, () => socket.destroy(failure('ETIMEDOUT', 'no connection in time')));
      socket.once('connect', () => {
        socket.setTimeout(0);
        onConnect(isFirst);
        resolve(socket);
      });
    });
  }
}

function roundTrip(socket: Socket, message: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let missing = message.length;
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off('data', hear).off('error', end).off('close', closed);
      if (error === null) resolve(Buffer.concat(parts));
      else reject(error);
    };
    const hear = (part: Buffer): void => {
      parts.push(part);
      missing -= part.length;
      if (missing <= 0) end(null);
    };
    const closed = (): void => end(failure('ECONNRESET', 'the server closed the connection'));
    const timer = setTimeout(() => end(failure('ETIMEDOUT', 'no reply in time')), timeoutMs);
    socket.on('data', hear).on('error', end).on('close', closed);
    socket.write(message);
  });
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
