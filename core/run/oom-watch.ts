/**
 * Did the kernel's OOM killer take an agent? Its words where they can be read, else its counters, which have moved since
 * the last look. Asked by the agent desk when an agent was ended by SIGKILL.
 */
import type { OomKill } from '../contract/events.js';
import type { OomKills } from '../linux/oom.js';
import { OomCounter, oomWords } from '../linux/oom.js';

export class OomWatch {
  readonly #counter = new OomCounter();
  #last: OomKills = this.#counter.read();

  /** Null: it was somebody else who ended it. */
  verdict(pid: number): OomKill | null {
    const before = this.#last;
    const now = this.#counter.read();
    const words = oomWords(pid);
    const hasRisen = (scope: keyof OomKills): boolean => (now[scope] ?? 0) > (before[scope] ?? 0);
    if (words !== null) {
      // Each kill explains one lost agent: those that the log names need no counter.
      this.#last = { system: next(before.system, now.system), cgroup: next(before.cgroup, now.cgroup) };
      return { scope: /memory cgroup/i.test(words) ? 'cgroup' : 'system', words };
    }
    if (!hasRisen('cgroup') && !hasRisen('system')) return null;
    this.#last = { system: next(before.system, now.system), cgroup: next(before.cgroup, now.cgroup) };
    return { scope: hasRisen('cgroup') ? 'cgroup' : 'system', words: null };
  }

  close(): void {
    this.#counter.close();
  }
}

function next(before: number | null, now: number | null): number | null {
  return before === null || now === null ? now : Math.min(before + 1, now);
}

/** "the kernel's OOM killer took it, for its control group: Memory cgroup out of memory: Killed process …". */
export function describeOom({ scope, words }: OomKill): string {
  const of = scope === 'cgroup' ? 'its control group' : 'the machine';
  return `the kernel's OOM killer took it, as ${of} was out of memory${words === null ? '' : `: ${words}`}`;
}
