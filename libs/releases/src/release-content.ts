import { toRuleValue, type RuleConditionsInput } from '#flags';
import { InvalidInputError } from '#platform';
import { kpis } from './kpi.js';
import type {
  FlagChange,
  GateSpec,
  ReleaseContent,
  ReleaseMigration,
  WaveSelector,
  WaveSpec,
} from './release.js';

/** Conditions as they come from outside: null means not given. */
export type SelectorInput = { [Key in keyof WaveSelector]: WaveSelector[Key] | null | undefined };

export interface WaveInput {
  name: string;
  selector: SelectorInput;
  concurrency?: number | null | undefined;
  soakSeconds?: number | null | undefined;
  gates?: { kpi: string; threshold: number; minSamples?: number | null | undefined }[] | null | undefined;
}

/** What a tenant's rule becomes: all that a rule can say but its scope. */
export type FlagChangeInput = RuleConditionsInput & {
  flag: string;
  enabled: boolean;
  variant?: string | null | undefined;
};

export interface ContentInput {
  artifactDigest: string;
  flagChanges?: FlagChangeInput[] | null | undefined;
  waves: WaveInput[];
}

const week = 7 * 24 * 3_600;

/**
 * Checks what was asked for and fills in the defaults: concurrency 4, soak 60 s, 100 samples.
 * @param migrations the migrations of the release, already read and checked.
 * @throws InvalidInputError with the path of the field.
 */
export function toContent(input: ContentInput, migrations: readonly ReleaseMigration[]): ReleaseContent {
  const { artifactDigest } = input;
  if (!/^sha256:[0-9a-f]{64}$/.test(artifactDigest)) {
    throw invalid('artifactDigest', 'must be "sha256:" and 64 hexadecimal digits');
  }
  const flagChanges = (input.flagChanges ?? []).map((change): FlagChange => ({
    flag: change.flag,
    ...toRuleValue(change),
  }));
  refuseRepeated('flagChanges', 'flag', flagChanges);
  if (flagChanges.length === 0 && migrations.length === 0) {
    throw invalid('flagChanges', 'must not be empty when there is no migration either');
  }
  return { artifactDigest, flagChanges, migrations: [...migrations], waves: toWaves(input.waves) };
}

/** @throws InvalidInputError with the path of the field. */
export function toWaves(input: readonly WaveInput[]): WaveSpec[] {
  const waves = input.map(toWave);
  if (waves.length < 1 || waves.length > 50) throw invalid('waves', 'must have 1 to 50 entries');
  refuseRepeated('waves', 'name', waves);
  const early = waves.findIndex(({ selector }, index) => selector.rest && index < waves.length - 1);
  if (early >= 0) throw invalid(`waves.${early}.selector.rest`, 'is possible only in the last wave');
  return waves;
}

function toWave(input: WaveInput, index: number): WaveSpec {
  const at = `waves.${index}`;
  const concurrency = input.concurrency ?? 4;
  const soakSeconds = input.soakSeconds ?? 60;
  if (!/\S/.test(input.name) || input.name.length > 100) {
    throw invalid(`${at}.name`, 'must have 1 to 100 characters');
  }
  if (concurrency < 1 || concurrency > 64) throw invalid(`${at}.concurrency`, 'must be between 1 and 64');
  if (soakSeconds < 0 || soakSeconds > week) {
    throw invalid(`${at}.soakSeconds`, `must be between 0 and ${week}`);
  }
  const gates = (input.gates ?? []).map((gate, number) => toGate(gate, `${at}.gates.${number}`));
  refuseRepeated(`${at}.gates`, 'kpi', gates);
  return {
    name: input.name.trim(),
    selector: toSelector(input.selector, `${at}.selector`),
    concurrency,
    soakSeconds,
    gates,
  };
}

/** Null and absent mean the same, and only what is there goes into the digest. */
function toSelector(input: SelectorInput, at: string): WaveSelector {
  const given = Object.entries(input).filter(([, value]) => value !== null && value !== undefined);
  const selector = Object.fromEntries(given) as WaveSelector;
  const { labels } = selector;
  if (labels !== undefined) {
    const plain = typeof labels === 'object' && !Array.isArray(labels);
    if (!plain || !Object.values(labels).every((value) => typeof value === 'string')) {
      throw invalid(`${at}.labels`, 'must be an object of texts, e.g. {"ring": "canary"}');
    }
    // No label given is no condition: it must not select everybody.
    if (Object.keys(labels).length === 0) delete selector.labels;
  }
  if (selector.rest === false) delete selector.rest;
  if (selector.rest && Object.keys(selector).length > 1) {
    throw invalid(`${at}.rest`, 'cannot be combined with other conditions');
  }
  return selector;
}

function toGate(input: NonNullable<WaveInput['gates']>[number], at: string): GateSpec {
  const minSamples = input.minSamples ?? 100;
  if (!Object.hasOwn(kpis, input.kpi)) {
    throw invalid(`${at}.kpi`, `must be one of ${Object.keys(kpis).join(', ')}`);
  }
  if (!(input.threshold > 0 && input.threshold < 1)) {
    throw invalid(`${at}.threshold`, 'must be a share between 0 and 1, e.g. 0.01');
  }
  if (minSamples < 1) throw invalid(`${at}.minSamples`, 'must be at least 1');
  return { kpi: input.kpi, threshold: input.threshold, minSamples };
}

function refuseRepeated<Key extends string>(
  field: string,
  key: Key,
  items: readonly Record<Key, unknown>[],
): void {
  const values = items.map((item) => String(item[key]));
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw invalid(field, `must name each ${key} once; "${twice}" comes twice`);
}

function invalid(field: string, rule: string): InvalidInputError {
  return new InvalidInputError(`${field} ${rule}.`, { field });
}
