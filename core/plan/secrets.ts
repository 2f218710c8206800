/**
 * Which texts of a plan hold secrets. The plan that runs has their values; what is recorded has "${name}" as it was
 * written. `build.ts` notes them beside the plan, never in it; whoever writes a plan down asks here first.
 */
import type { Plan } from '../contract/plan.js';

interface SecretText {
  /** In the scenario. */
  readonly path: readonly (string | number)[];
  /** As it was written. */
  readonly text: string;
}

const secretsOf = new WeakMap<Plan, readonly SecretText[]>();

export function keepSecrets(plan: Plan, secrets: readonly SecretText[]): void {
  if (secrets.length > 0) secretsOf.set(plan, secrets);
}

/** A plan made from another one keeps its secrets. */
export function passSecrets(from: Plan, to: Plan): Plan {
  keepSecrets(to, secretsOf.get(from) ?? []);
  return to;
}

/** The plan as it may be written down; the same object when there is nothing to hide. */
export function withoutSecrets(plan: Plan): Plan {
  const secrets = secretsOf.get(plan) ?? [];
  return secrets.reduce<Plan>((result, secret) => hidden(result, secret), plan);
}

function hidden(plan: Plan, { path, text }: SecretText): Plan {
  const [kind, name, , ...option] = path;
  if (kind === 'target') {
    const { target } = plan;
    return target === undefined ? plan : { ...plan, target: replaced(target, path.slice(1), text) };
  }
  const list = kind === 'actors' ? plan.actors : kind === 'probes' ? (plan.probes ?? []) : plan.exporters;
  const masked = list.map((entry) =>
    entry.name === name ? { ...entry, options: replaced(entry.options, option, text) } : entry,
  );
  return { ...plan, [String(kind)]: masked };
}

/** A copy with this text at the path; what is not there stays so. */
function replaced<T>(value: T, path: readonly (string | number)[], text: string): T {
  const [step, ...rest] = path;
  if (step === undefined) return text as T;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value;
  const parts = value as Readonly<Record<string | number, unknown>>;
  const part = replaced(parts[step], rest, text);
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === step ? part : item)) as T;
  return { ...value, [step]: part };
}
