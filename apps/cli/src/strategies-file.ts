import { CliError } from './cli-error.js';
import type { Client } from './client.js';
import { readYaml } from './read-yaml.js';
import type { Constraint } from './rule-options.js';
import { withSegmentIds } from './segment-names.js';

/** Strategies of a flag in an environment as GraphQL tells them. */
export interface ToldStrategies {
  strategies:
    | {
        name: string;
        parameters: Record<string, string>;
        constraints: Constraint[];
        segments: { id: number; name: string | null }[];
        variants: ToldVariant[];
      }[]
    | null;
  variants: ToldVariant[];
}

interface ToldVariant {
  name: string;
  weight: number;
  weightType: string | null;
  stickiness: string | null;
  payload: { type: string; value: string } | null;
  overrides: { contextName: string; values: string[] }[] | null;
}

const variantFields =
  'name weight weightType stickiness payload { type value } overrides { contextName values }';
/** Of a `FlagEnvironment`. */
export const strategyFields = `strategies { name parameters segments { id name }
  constraints { contextName operator values value inverted caseInsensitive } variants { ${variantFields} } }
  variants { ${variantFields} }`;

/** What a file of strategies says; segments have ids. */
export interface WantedStrategies {
  strategies: unknown[] | null;
  variants: unknown[];
}

/**
 * Reads strategies as Unleash writes them: a list of them, or `strategies` and `variants`. Segments go by name or id.
 * @throws CliError FILE_NOT_FOUND, FILE_INVALID, SEGMENT_NOT_FOUND
 */
export async function readStrategies(client: Client, file: string): Promise<WantedStrategies> {
  const content = await readYaml(file);
  const { strategies, variants = [] } = (
    Array.isArray(content) ? { strategies: content as unknown } : (content ?? {})
  ) as { strategies?: unknown; variants?: unknown };
  if ((strategies !== null && !Array.isArray(strategies)) || !Array.isArray(variants))
    throw new CliError(
      'FILE_INVALID',
      `${file} holds neither a list of strategies nor "strategies" with "variants".`,
      'tierdeck flag strategies show <flag> -o yaml shows the form; "strategies: null" is none.',
    );
  return {
    strategies: strategies && (await withSegmentIds(client, strategies as unknown[])),
    variants: variants as unknown[],
  };
}

/** The same in the form that {@link readStrategies} takes, with nothing that says no more than the default. */
export function toStrategiesFile({ strategies, variants }: ToldStrategies): object {
  return {
    strategies:
      strategies?.map((one) => ({
        name: one.name,
        ...(Object.keys(one.parameters).length > 0 ? { parameters: one.parameters } : {}),
        ...listed('constraints', one.constraints.map(toConstraint)),
        ...listed(
          'segments',
          one.segments.map(({ id, name }) => name ?? id),
        ),
        ...listed('variants', one.variants.map(toVariant)),
      })) ?? null,
    ...listed('variants', variants.map(toVariant)),
  };
}

function toConstraint({ values, value, inverted, caseInsensitive, ...rest }: Constraint): object {
  return {
    ...rest,
    ...(value === null || value === undefined ? { values } : { value }),
    ...(inverted ? { inverted } : {}),
    ...(caseInsensitive ? { caseInsensitive } : {}),
  };
}

function toVariant(variant: ToldVariant): object {
  return Object.fromEntries(Object.entries(variant).filter(([, value]) => value !== null));
}

function listed(name: string, items: readonly unknown[]): object {
  return items.length > 0 ? { [name]: items } : {};
}
