import { CustomScalar, Scalar } from '@nestjs/graphql';
import { GraphQLScalarType, Kind, valueFromASTUntyped, type ValueNode } from 'graphql';
import { InvalidInputError } from '../errors.js';

/** Any JSON value, bounded to 64 KiB on the way in. */
export const JsonScalar = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => bounded(value),
  parseLiteral: (node, variables) => bounded(valueFromASTUntyped(node, variables)),
});

function bounded(value: unknown): unknown {
  if (JSON.stringify(value)?.length > 65_536)
    throw new InvalidInputError('A JSON value may have at most 64 KiB.');
  return value;
}

/** A point in time, ISO 8601 in UTC. */
@Scalar('DateTime', () => Date)
export class DateTimeScalar implements CustomScalar<string, Date> {
  description = 'A point in time, ISO 8601 in UTC.';

  parseValue(value: unknown): Date {
    const date = new Date(String(value));
    if (Number.isNaN(date.getTime()))
      throw new InvalidInputError(`"${String(value)}" is not an ISO 8601 time.`);
    return date;
  }

  serialize(value: unknown): string {
    return value instanceof Date ? value.toISOString() : new Date(String(value)).toISOString();
  }

  parseLiteral(node: ValueNode): Date {
    if (node.kind !== Kind.STRING) throw new InvalidInputError('A time is written as a string.');
    return this.parseValue(node.value);
  }
}
