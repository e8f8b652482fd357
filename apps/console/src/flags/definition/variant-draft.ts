import { randomId } from '../../components/random-id.js';
import type { FlagDetail } from '../flags.query.js';

/** How a payload is written in the form. */
export const payloadTypes = ['NONE', 'TEXT', 'NUMBER', 'JSON'] as const;
export type PayloadType = (typeof payloadTypes)[number];

/** A variant as the form holds it. */
export interface VariantDraft {
  id: string;
  name: string;
  description: string;
  type: PayloadType;
  /** The payload as it is written. */
  text: string;
}

type Variant = FlagDetail['variants'][number];

export const emptyVariant = (): VariantDraft => ({
  id: randomId(),
  name: '',
  description: '',
  type: 'NONE',
  text: '',
});

export function draftOfVariant({ name, description, payload }: Variant): VariantDraft {
  const written = { id: randomId(), name, description: description ?? '' };
  if (payload === null || payload === undefined) return { ...written, type: 'NONE', text: '' };
  if (typeof payload === 'string') return { ...written, type: 'TEXT', text: payload };
  if (typeof payload === 'number') return { ...written, type: 'NUMBER', text: String(payload) };
  return { ...written, type: 'JSON', text: JSON.stringify(payload, null, 2) };
}

/** A value that was written, or why it is none. */
export type Written<Value> = { value: Value; error?: undefined } | { value?: undefined; error: string };

/** The payload that a draft stands for; null for none. */
export function payloadOf({ type, text }: Pick<VariantDraft, 'type' | 'text'>): Written<unknown> {
  switch (type) {
    case 'NONE':
      return { value: null };
    case 'TEXT':
      return { value: text };
    case 'NUMBER': {
      const value = Number(text);
      return text.trim() !== '' && Number.isFinite(value) ? { value } : { error: 'A number, such as 12.5' };
    }
    case 'JSON':
      return parseJson(text);
  }
}

export function parseJson(text: string): Written<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: `No JSON: ${(error as Error).message}` };
  }
}

/** The JSON schema of the form; an empty field is none. */
export function schemaOf(text: string): Written<object | boolean | null> {
  if (text.trim() === '') return { value: null };
  const { value, error } = parseJson(text);
  if (error !== undefined) return { error };
  if (typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)))
    return { value };
  return { error: 'A JSON schema is an object, such as { "type": "object" }' };
}

/** As `updateFlag` and change requests take it. */
export function toVariantInput(draft: VariantDraft) {
  const payload = payloadOf(draft).value ?? null;
  return { name: draft.name.trim(), description: draft.description.trim() || null, payload };
}

/** Why a name cannot be given; undefined if it can. */
export function nameProblem(draft: VariantDraft, all: readonly VariantDraft[]): string | undefined {
  const name = draft.name.trim();
  if (name === '') return 'It needs a name';
  if (name === 'disabled') return 'SDKs use this name for a variant that is off';
  if (!/^[^\s\p{Cc}/?#%]{1,100}$/u.test(name)) return 'No spaces, slashes, or any of ? # %';
  return all.some((other) => other !== draft && other.name.trim() === name)
    ? 'Another variant has this name'
    : undefined;
}
