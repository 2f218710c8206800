/**
 * Closes what an instance worked on. A device that has vanished says so once more when it is closed: that is told, and no
 * failure of the actor, whose operations have said it before. Called when an instance is disposed of.
 */
import { closeSync } from 'node:fs';
import { messageOf } from '../../core/base/errors.js';

export function closeTold(fd: number, name: string, log: (level: 'warn', message: string) => void): void {
  try {
    closeSync(fd);
  } catch (error) {
    log('warn', `closing ${name}: ${messageOf(error)}`);
  }
}
