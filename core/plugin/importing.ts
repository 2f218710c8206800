/**
 * Which modules of plugins are being imported in this thread. `load.ts` notes them; the command line asks when the
 * process ends in the middle of it.
 */
const urls = new Set<string>();

/** The first of them, as the URL of its module; null when there is none. */
export function beingImported(): string | null {
  const [first] = urls;
  return first ?? null;
}

export async function whileImporting<T>(url: string, work: () => Promise<T>): Promise<T> {
  urls.add(url);
  try {
    return await work();
  } finally {
    urls.delete(url);
  }
}
