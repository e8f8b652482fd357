import { z } from 'zod';
import { InvalidInputError } from '#platform';
import type { EnvironmentStrategies } from '../flag-strategies.store.js';
import { strategySchema, variantSchema } from './wire-schema.js';

export const maxStrategiesOfFile = 100;
export const maxFeatureVariants = 50;

/**
 * Strategies and variants as Unleash writes them.
 * @param strategies null: none, the flag is off where no rule decides.
 * @param at path of the two, with its dot.
 * @throws InvalidInputError INVALID_INPUT with the path of what is wrong.
 */
export function toStrategies(
  strategies: unknown[] | null | undefined,
  variants: unknown[] | null | undefined,
  at = '',
): EnvironmentStrategies {
  return {
    strategies: strategies
      ? parse(z.array(strategySchema).max(maxStrategiesOfFile), strategies, `${at}strategies`)
      : null,
    variants: parse(z.array(variantSchema).max(maxFeatureVariants), variants ?? [], `${at}variants`),
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [at, ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(`${field}: ${issue?.message ?? 'not as Unleash writes it'}`, { field });
}
