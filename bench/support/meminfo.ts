/**
 * The text of a /proc/meminfo of a machine without swap, of which so much is available. Of one length always, so that it
 * can be written over in one go. Used by the bench of protection, which lays it over the real file of one run.
 */
export function meminfoText(totalBytes: number, availableBytes: number): string {
  const lines = {
    MemTotal: totalBytes,
    MemFree: availableBytes,
    MemAvailable: availableBytes,
    Buffers: 0,
    Cached: 0,
    AnonPages: totalBytes - availableBytes,
    SwapTotal: 0,
    SwapFree: 0,
  };
  return Object.entries(lines)
    .map(([key, bytes]) => `${`${key}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`)
    .join('');
}
