/** How much this process may lock in RAM, as text for people too. Read by pattern lock before it takes anything. */
import { parseLimit, readText } from '../../core/linux/procfs.js';

/** Whoever has it is not bound by the limit. */
const CAP_IPC_LOCK = 14n;

export function lockRoom(): { readonly roomBytes: number; readonly text: string } {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status') ?? '')?.[1] ?? '0';
  if (((BigInt(`0x${capabilities}`) >> CAP_IPC_LOCK) & 1n) === 1n)
    return { roomBytes: Infinity, text: 'any amount' };
  const roomBytes = parseLimit(readText('/proc/self/limits') ?? '', 'Max locked memory') ?? 0;
  return { roomBytes, text: `${roomBytes} bytes (ulimit -l) without CAP_IPC_LOCK` };
}
