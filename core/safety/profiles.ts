/**
 * Safety profiles: texts of the preset files in, checked profiles out. The CLI reads the files; the plan picks the
 * one that the person granted. A profile may extend another and then says only what differs.
 */
import type { ErrorCode } from '../base/codes.js';
import { BruntError, BruntErrors, messageOf } from '../base/errors.js';
import { SAFETY_STATES } from '../base/sentences.js';
import { suggestion } from '../base/suggest.js';
import type { Profile } from '../contract/plan.js';
import { parseBytes, parseShare, parseWait, readTrigger } from './sentences.js';
import { SENSORS } from './sensor-table.js';

export interface ProfileText {
  readonly file: string;
  readonly text: string;
}

type Raw = Readonly<Record<string, unknown>>;

const KEYS = ['name', 'description', 'rank', 'limits', 'reserve', 'maxDuration', 'gracefulStop', 'actorNice'];
const ACTIONS: readonly string[] = SAFETY_STATES.slice(1);

/** In the order of the texts. Throws BruntErrors with every mistake of every file. */
export function readProfiles(texts: readonly ProfileText[]): readonly Profile[] {
  const errors: BruntError[] = [];
  const fail = (file: string, path: string, message: string, hint?: string, code: ErrorCode = 'E_SCHEMA') =>
    void errors.push(
      new BruntError({ code, message, place: { file, path }, ...(hint === undefined ? {} : { hint }) }),
    );
  const raws = new Map<string, { readonly file: string; readonly raw: Raw }>();
  for (const { file, text } of texts) {
    const raw = parseObject(file, text, fail);
    if (raw === null) continue;
    const name = raw['name'];
    if (typeof name !== 'string') fail(file, 'name', 'A profile needs a name.');
    else if (raws.has(name))
      fail(file, 'name', `Profile "${name}" is also in ${raws.get(name)?.file ?? ''}.`);
    else raws.set(name, { file, raw });
  }
  const profiles: Profile[] = [];
  for (const { file, raw } of raws.values()) {
    const whole = extended(file, raw, raws, fail);
    const profile = whole === null ? null : checked(file, whole, fail);
    if (profile !== null) profiles.push(profile);
  }
  if (errors.length > 0) throw new BruntErrors(errors);
  return profiles;
}

type Fail = (file: string, path: string, message: string, hint?: string, code?: ErrorCode) => void;

function parseObject(file: string, text: string, fail: Fail): Raw | null {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
    fail(file, '', 'A profile is a JSON object.');
  } catch (error) {
    fail(file, '', messageOf(error), undefined, 'E_JSON');
  }
  return null;
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One level: a profile that is extended extends none, so that both can be read side by side. */
function extended(
  file: string,
  raw: Raw,
  raws: ReadonlyMap<string, { readonly raw: Raw }>,
  fail: Fail,
): Raw | null {
  const { extends: named, ...own } = raw;
  if (named === undefined) return own;
  const base = typeof named === 'string' ? named : JSON.stringify(named);
  const found = raws.get(base)?.raw;
  if (found === undefined) {
    fail(file, 'extends', `There is no profile "${base}".`, suggestion(base, [...raws.keys()]), 'E_NAME');
    return null;
  }
  if (found['extends'] !== undefined) {
    fail(file, 'extends', `Profile "${base}" itself extends another; only one level is read.`);
    return null;
  }
  const baseLimits = isObject(found['limits']) ? found['limits'] : {};
  const ownLimits = isObject(own['limits']) ? own['limits'] : {};
  const limits: Record<string, unknown> = { ...baseLimits };
  for (const [sensor, actions] of Object.entries(ownLimits)) {
    const inherited = baseLimits[sensor];
    limits[sensor] = isObject(inherited) && isObject(actions) ? { ...inherited, ...actions } : actions;
  }
  return { ...found, ...own, limits };
}

function checked(file: string, raw: Raw, fail: Fail): Profile | null {
  let isSound = true;
  const must = (path: string, holds: boolean, wanted: string): void => {
    if (holds) return;
    isSound = false;
    fail(file, path, `"${path}" must be ${wanted}.`);
  };
  const says = (path: string, parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      isSound = false;
      fail(file, path, messageOf(error), undefined, 'E_GRAMMAR');
    }
  };
  for (const key of Object.keys(raw)) {
    if (KEYS.includes(key)) continue;
    isSound = false;
    fail(file, key, `Unknown key "${key}".`, suggestion(key, KEYS));
  }
  must('description', typeof raw['description'] === 'string', 'a sentence');
  must('rank', Number.isInteger(raw['rank']), 'a whole number');
  must('actorNice', isNiceness(raw['actorNice']), 'a whole number from 0 to 19');
  must('limits', isObject(raw['limits']), 'a map of sensors');
  must('reserve', isObject(raw['reserve']), 'a map with "bytes" and "share"');
  const reserve = isObject(raw['reserve']) ? raw['reserve'] : {};
  says('reserve.bytes', () => parseBytes(String(reserve['bytes'])));
  says('reserve.share', () => parseShare(String(reserve['share'])));
  says('maxDuration', () => parseWait(String(raw['maxDuration'])));
  says('gracefulStop', () => parseWait(String(raw['gracefulStop'])));
  for (const [sensor, actions] of Object.entries(isObject(raw['limits']) ? raw['limits'] : {})) {
    if (!(sensor in SENSORS)) {
      isSound = false;
      fail(
        file,
        `limits.${sensor}`,
        `There is no sensor "${sensor}".`,
        suggestion(sensor, Object.keys(SENSORS)),
        'E_NAME',
      );
      continue;
    }
    for (const [action, text] of Object.entries(isObject(actions) ? actions : {})) {
      const path = `limits.${sensor}.${action}`;
      must(path, ACTIONS.includes(action), `one of ${ACTIONS.join(', ')}`);
      must(path, typeof text === 'string', 'a trigger such as "< 10% for 2s"');
      if (typeof text === 'string') says(path, () => readTrigger(sensor, text, 1));
    }
  }
  return isSound ? (raw as unknown as Profile) : null;
}

function isNiceness(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 19;
}
