import type { z } from 'zod';
import type { FieldProblem } from './manifest-handler.js';

type Path = readonly (string | number)[];

/** Turns what zod found into problems of fields; an unknown field is told with the known one it resembles. */
export function schemaProblems(schema: z.ZodType, error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') return [{ path, message: sentence(issue) }];
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(key, known) }));
  });
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is required';
  return issue.message.replace(/^Invalid (input|option|string): /, '');
}

function unknownField(key: string, known: readonly string[]): string {
  const nearest = nearestOf(key, known);
  return nearest ? `is not a known field; did you mean "${nearest}"?` : 'is not a known field';
}

/** The candidate that a misspelt word most likely stood for: at most a third of its letters differ. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  if (!best) return undefined;
  const allowed = Math.max(1, Math.floor(Math.max(word.length, best.candidate.length) / 3));
  return best.distance <= allowed ? best.candidate : undefined;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Field names that a schema knows at a path. */
function fieldsAt(schema: z.ZodType, path: Path): string[] {
  let schemas: readonly z.core.SomeType[] = [schema];
  for (const part of path) schemas = schemas.flatMap((one) => inside(one, part));
  return schemas.flatMap((one) => objectsOf(one).flatMap((shape) => Object.keys(shape)));
}

function inside(schema: z.core.SomeType, part: string | number): z.core.SomeType[] {
  return unwrap(schema).flatMap((one) => {
    const { def } = (one as z.core.$ZodTypes)._zod;
    if (def.type === 'object') return def.shape[part] ? [def.shape[part]] : [];
    if (def.type === 'array') return [def.element];
    if (def.type === 'record') return [def.valueType];
    return [];
  });
}

function objectsOf(schema: z.core.SomeType): Record<string, unknown>[] {
  return unwrap(schema).flatMap((one) => {
    const { def } = (one as z.core.$ZodTypes)._zod;
    return def.type === 'object' ? [def.shape] : [];
  });
}

function unwrap(schema: z.core.SomeType): z.core.SomeType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return unwrap(def.innerType);
    case 'pipe':
      return unwrap(def.in);
    case 'union':
      return def.options.flatMap(unwrap);
    default:
      return [schema];
  }
}
