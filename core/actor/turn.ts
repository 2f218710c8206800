/** Gives the event loop of this thread a turn: ports and timers of the simulator live on it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
