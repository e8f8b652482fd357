import { isUnitScope, type FlagDefinition, type FlagRule, type FlagScope, type FlagVariant } from './flag.js';
import { checkConditions } from './condition-rules.js';
import { FlagInvalidError } from './flags.errors.js';

/** Keys that SDKs can carry anywhere: letters, digits, dot, dash and underscore. */
export const flagKeyPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/;
/** Keys that come from elsewhere may be of any script; what breaks a path or a line stays out. */
export const anyKeyPattern = /^[^\s\p{Cc}/?#%]{1,100}$/u;
const tagPattern = /^[^\s:]{1,50}:\S.{0,98}$/;
const maxTags = 50;
const maxDependencies = 10;
const tiers = ['SHARED', 'HYBRID', 'DEDICATED'];
const maxKeyLength = 200;
const maxVariants = 50;
const maxPayloadBytes = 16_384;

/**
 * Checks that a definition makes sense by itself.
 * @throws FlagInvalidError INVALID_INPUT with the field.
 */
export function checkDefinition(flag: FlagDefinition, keys: RegExp = flagKeyPattern): void {
  if (!keys.test(flag.key)) {
    throw new FlagInvalidError(
      'A flag key has 1 to 100 letters, digits, dots, dashes or underscores and starts with a letter or digit.',
      'key',
    );
  }
  checkReferences(flag);
  if (flag.kind === 'BOOLEAN') {
    if (flag.variants.length > 0) throw new FlagInvalidError('A BOOLEAN flag has no variants.', 'variants');
    if (flag.defaultVariant !== null)
      throw new FlagInvalidError('A BOOLEAN flag has no default variant.', 'defaultVariant');
    return;
  }
  checkVariants(flag.variants);
  if (flag.defaultVariant !== null && !flag.variants.some(({ name }) => name === flag.defaultVariant)) {
    throw new FlagInvalidError(
      `The default variant "${flag.defaultVariant}" is none of the variants.`,
      'defaultVariant',
      `Variants: ${flag.variants.map(({ name }) => name).join(', ')}.`,
    );
  }
}

function checkReferences({ key, tags = [], dependencies = [] }: FlagDefinition): void {
  const tag = tags.find((one) => !tagPattern.test(one));
  if (tag !== undefined || tags.length > maxTags)
    throw new FlagInvalidError(`A flag has at most ${maxTags} tags, each as "type:value".`, 'tags');
  if (dependencies.length > maxDependencies)
    throw new FlagInvalidError(`A flag depends on at most ${maxDependencies} others.`, 'dependencies');
  if (dependencies.some(({ flag }) => flag === key))
    throw new FlagInvalidError(`"${key}" cannot depend on itself.`, 'dependencies');
  if (new Set(dependencies.map(({ flag }) => flag)).size < dependencies.length)
    throw new FlagInvalidError('A flag depends on another one once.', 'dependencies');
}

function checkVariants(variants: readonly FlagVariant[]): void {
  if (variants.length === 0 || variants.length > maxVariants)
    throw new FlagInvalidError(`A VARIANT flag has 1 to ${maxVariants} variants.`, 'variants');
  const seen = new Set<string>();
  for (const { name, payload } of variants) {
    if (!anyKeyPattern.test(name))
      throw new FlagInvalidError(`"${name}" cannot be the name of a variant.`, 'variants');
    // The SDKs give this name to a variant that is off.
    if (name === 'disabled')
      throw new FlagInvalidError('No variant can be named "disabled": SDKs use that name.', 'variants');
    if (seen.has(name)) throw new FlagInvalidError(`The variant "${name}" is there twice.`, 'variants');
    if (Buffer.byteLength(JSON.stringify(payload ?? null)) > maxPayloadBytes)
      throw new FlagInvalidError(
        `The payload of "${name}" has more than ${maxPayloadBytes} bytes.`,
        'variants',
      );
    seen.add(name);
  }
}

/**
 * Checks a rule against its flag and the form of its scope; whether the scope exists is the store's to know.
 * @throws FlagInvalidError INVALID_INPUT with the field.
 */
export function checkRule(flag: FlagDefinition, rule: FlagRule): void {
  checkScope(rule.scope);
  checkConditions(rule);
  if (rule.variant !== null && flag.kind === 'BOOLEAN')
    throw new FlagInvalidError(`"${flag.key}" is a BOOLEAN flag: a rule cannot name a variant.`, 'variant');
  if (rule.variant !== null && !rule.enabled)
    throw new FlagInvalidError('A rule that turns the flag off cannot name a variant.', 'variant');
  if (flag.kind === 'BOOLEAN' || !rule.enabled) return;
  const names = flag.variants.map(({ name }) => name);
  if (rule.variant === null || !names.includes(rule.variant)) {
    const message =
      rule.variant === null
        ? `A rule that turns "${flag.key}" on must name a variant.`
        : `"${flag.key}" has no variant "${rule.variant}".`;
    throw new FlagInvalidError(message, 'variant', `Variants: ${names.join(', ')}.`);
  }
}

/** @throws FlagInvalidError INVALID_INPUT if the key does not have the form that its kind demands. */
export function checkScope({ kind, key }: FlagScope): void {
  const refuse = (message: string): never => {
    throw new FlagInvalidError(message, 'scope.key');
  };
  if (key.length < 1 || key.length > maxKeyLength || key !== key.trim())
    refuse(`A scope key has 1 to ${maxKeyLength} characters and no space at its ends.`);
  if (kind === 'ENVIRONMENT' && key !== '*') refuse('The scope ENVIRONMENT has the key "*".');
  if (kind === 'TIER' && !tiers.includes(key)) refuse(`A tier is one of ${tiers.join(', ')}.`);
  if (isUnitScope(kind) && !/^[a-z][a-z0-9-]*\/./.test(key))
    refuse(`A ${kind.toLowerCase()} is named as "<tenant>/<code>", e.g. "northwind/seattle".`);
}
