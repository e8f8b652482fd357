import { type Type } from '@nestjs/common';
import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';
import { InvalidInputError } from '../errors.js';

@ObjectType()
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;
  @Field(() => Boolean)
  hasPreviousPage!: boolean;
  @Field(() => String, { nullable: true })
  startCursor?: string | null;
  @Field(() => String, { nullable: true })
  endCursor?: string | null;
}

/** Arguments of every list. `first` is bounded to 500. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: 50 })
  first?: number | null;
  @Field(() => String, { nullable: true })
  after?: string | null;
}

export interface Edge<T> {
  cursor: string;
  node: T;
}

export interface Connection<T> {
  edges: Edge<T>[];
  pageInfo: PageInfo;
  totalCount: number;
}

/**
 * Makes the Relay connection type of a node, named `<Node>Connection`, with its edge `<Node>Edge`.
 * Declare a class that extends it, so that the type has one name in the schema.
 */
export function ConnectionOf<T>(node: () => Type<T>, name: string): Type<Connection<T>> {
  @ObjectType(`${name}Edge`)
  class EdgeType implements Edge<T> {
    @Field(() => String)
    cursor!: string;
    @Field(node)
    node!: T;
  }

  @ObjectType({ isAbstract: true })
  abstract class ConnectionType implements Connection<T> {
    @Field(() => [EdgeType])
    edges!: EdgeType[];
    @Field(() => PageInfo)
    pageInfo!: PageInfo;
    @Field(() => Int)
    totalCount!: number;
  }
  return ConnectionType as unknown as Type<Connection<T>>;
}

/** Page size that was asked for, within 1 to 500. */
export function pageSize(args: PageArgs): number {
  const first = args.first ?? 50;
  if (first < 1 || first > 500) {
    throw new InvalidInputError(`first must be between 1 and 500, not ${first}.`, { field: 'first' });
  }
  return first;
}

/** The sort key that a cursor stands for; undefined at the start of the list. */
export function decodeCursor(after: string | null | undefined): string | undefined {
  if (after === null || after === undefined) return undefined;
  return Buffer.from(after, 'base64url').toString('utf8');
}

/**
 * Cuts a page out of rows read with `limit pageSize + 1`.
 * @param keyOf the unique sort key of a row, from which its cursor is made.
 */
export function toConnection<T>(
  rows: readonly T[],
  args: PageArgs,
  totalCount: number,
  keyOf: (row: T) => string,
): Connection<T> {
  const size = pageSize(args);
  const edges = rows
    .slice(0, size)
    .map((node) => ({ cursor: Buffer.from(keyOf(node)).toString('base64url'), node }));
  return {
    edges,
    totalCount,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: Boolean(args.after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
