/**
 * What a feature is evaluated for: fields by name, those of an SDK's `properties` beside its own. A field that is
 * absent or no text counts as missing.
 */
export type EvaluationContext = Readonly<Record<string, string | undefined>>;

export function fieldOf(context: EvaluationContext, name: string): string | undefined {
  const value: unknown = context[name];
  return typeof value === 'string' ? value : undefined;
}
