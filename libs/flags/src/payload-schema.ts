import { runInNewContext } from 'node:vm';
import { Ajv } from 'ajv';
import { RE2JS } from 're2js';
import type { FlagVariant } from './flag.js';
import { FlagInvalidError } from './flags.errors.js';

const maxSchemaBytes = 16_384;
/** Checking all payloads of a flag takes no longer, in milliseconds: nobody else is served meanwhile. */
const maxCheckMs = 500;

/** Patterns of a schema in linear time: one made to be slow would hold up everybody else on this server. */
const linearPattern = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (value: string) => compiled.matcher(value).find() };
  },
  // Ajv asks for an expression to be written where it makes a module of its code; here it never does.
  { code: 'undefined' },
);

/**
 * Every variant's payload keeps to the schema, if there is one.
 * @throws FlagInvalidError INVALID_INPUT with the field.
 */
export function checkPayloads(schema: unknown, variants: readonly FlagVariant[]): void {
  if (schema === null || schema === undefined) return;
  if (JSON.stringify(schema).length > maxSchemaBytes)
    throw new FlagInvalidError(`A payload schema has at most ${maxSchemaBytes} bytes.`, 'payloadSchema');
  const ajv = new Ajv({ strict: false, code: { regExp: linearPattern }, inlineRefs: false });
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    throw new FlagInvalidError(`No JSON schema: ${(error as Error).message}.`, 'payloadSchema');
  }
  const wrong = inTime(() => variants.findIndex(({ payload }) => !validate(payload ?? null)));
  const variant = variants[wrong];
  if (!variant) return;
  const [first] = validate.errors ?? [];
  throw new FlagInvalidError(
    `The payload of "${variant.name}" does not keep to the schema: ${first?.instancePath || 'it'} ${first?.message ?? 'is wrong'}.`,
    `variants.${wrong}.payload`,
  );
}

/** A few references of a schema to itself can ask for more steps than there is time, or for steps without end. */
function inTime<Result>(check: () => Result): Result {
  try {
    return runInNewContext('check()', { check }, { timeout: maxCheckMs }) as Result;
  } catch (error) {
    throw new FlagInvalidError(
      `The payloads cannot be checked by this schema: ${(error as Error).message.replace(/\.$/, '')}.`,
      'payloadSchema',
      'Let "$ref" not lead back to where it stands, nor twice to the same place.',
    );
  }
}
