import { useEffect, useMemo, useState } from 'react';
import { payloadOf, schemaOf, type VariantDraft } from './variant-draft.js';

type Ajv = (typeof import('ajv'))['Ajv'];

export interface SchemaCheck {
  schemaError: string | undefined;
  /** By the id of the variant. */
  payloadErrors: ReadonlyMap<string, string>;
}

/** Holds payloads against their schema with the validator that the control plane uses; that one decides in the end. */
export function useSchemaCheck(schemaText: string, variants: readonly VariantDraft[]): SchemaCheck {
  const [ajv, setAjv] = useState<{ Validator: Ajv }>();
  useEffect(() => {
    let shown = true;
    void import('ajv').then((module) => shown && setAjv({ Validator: module.Ajv }));
    return () => {
      shown = false;
    };
  }, []);
  return useMemo(() => check(ajv?.Validator, schemaText, variants), [ajv, schemaText, variants]);
}

function check(
  Validator: Ajv | undefined,
  schemaText: string,
  variants: readonly VariantDraft[],
): SchemaCheck {
  const payloadErrors = new Map<string, string>();
  for (const variant of variants) {
    const { error } = payloadOf(variant);
    if (error !== undefined) payloadErrors.set(variant.id, error);
  }
  const { value: schema, error: schemaError } = schemaOf(schemaText);
  if (schemaError !== undefined) return { schemaError, payloadErrors };
  if (schema === null || schema === undefined || !Validator) return { schemaError: undefined, payloadErrors };
  try {
    const validate = new Validator({ strict: false }).compile(schema);
    for (const variant of variants) {
      if (payloadErrors.has(variant.id) || validate(payloadOf(variant).value)) continue;
      const [first] = validate.errors ?? [];
      const place = first?.instancePath.slice(1).replaceAll('/', '.');
      payloadErrors.set(variant.id, `Not as the schema wants it: ${place || 'it'} ${first?.message ?? ''}`);
    }
    return { schemaError: undefined, payloadErrors };
  } catch (error) {
    return { schemaError: `No JSON schema: ${(error as Error).message}`, payloadErrors };
  }
}
