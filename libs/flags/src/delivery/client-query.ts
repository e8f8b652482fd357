import { InvalidInputError } from '#platform';
import type { FeatureFilter } from './feed-view.js';

const maxLength = 200;
const maxValues = 50;

/**
 * The filters of `/api/client/features` and `/delta`: `project`, `namePrefix` and `tag=type:value`, the first and the
 * last repeatable. Parameters that Unleash does not know are ignored, as it does.
 * @returns undefined if nothing is filtered.
 * @throws InvalidInputError INVALID_INPUT for a tag that is no `type:value`, and for texts that are too long.
 */
export function featureFilter(query: string | undefined): FeatureFilter | undefined {
  if (!query) return undefined;
  const parameters = new URLSearchParams(query);
  const projects = bounded(parameters, 'project');
  const prefix = bounded(parameters, 'namePrefix')[0] ?? '';
  const tags = bounded(parameters, 'tag');
  const malformed = tags.find((tag) => !/^[^:]+:.+$/.test(tag));
  if (malformed !== undefined)
    throw new InvalidInputError('A tag filter is written as "type:value".', { field: 'tag' });
  const everyProject = projects.length === 0 || projects.includes('*');
  if (everyProject && prefix === '' && tags.length === 0) return undefined;
  return {
    key: JSON.stringify([everyProject ? '*' : unique(projects), prefix, unique(tags)]),
    passes: ({ flag, feature }) =>
      flag.key.startsWith(prefix) &&
      (everyProject || projects.includes(feature.project)) &&
      (tags.length === 0 || tags.some((tag) => flag.tags?.includes(tag))),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function bounded(parameters: URLSearchParams, field: string): string[] {
  const values = parameters.getAll(field);
  if (values.length > maxValues || values.some((value) => value.length > maxLength))
    throw new InvalidInputError(`At most ${maxValues} values of ${maxLength} characters.`, { field });
  return values;
}

/** Semantic version 2.0.0, as the SDKs write their client spec; a leading `v` is not one. */
const semver = /^(\d{1,9})\.(\d{1,9})\.\d{1,9}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * Whether an SDK takes segments apart from the features: those of client spec 4.2.0 and up do; one that says nothing
 * is taken for older.
 * @throws InvalidInputError INVALID_INPUT if the header is no semantic version.
 */
export function knowsSegments(spec: string | string[] | undefined): boolean {
  if (spec === undefined) return false;
  const match = typeof spec === 'string' ? semver.exec(spec) : null;
  if (!match)
    throw new InvalidInputError('Unleash-Client-Spec must be a semantic version.', {
      field: 'Unleash-Client-Spec',
    });
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 4 || (major === 4 && minor >= 2);
}
