import { GraphQLError, Kind, type ASTVisitor, type FieldNode, type ValidationContext } from 'graphql';

/** Deepest nesting of a query: connections of connections fit, circular ones do not. */
export const maxDepth = 12;
/** Fields of one request, aliases counted, fragments once per use in the text. */
const maxFields = 500;
const maxRootFields = 20;
const maxAliases = 50;
/** Bytes of one request. */
export const maxBodyBytes = 1_048_576;

/** Bounds the width of a request, as {@link maxDepth} bounds its depth. */
export function requestSizeRule(context: ValidationContext): ASTVisitor {
  let fields = 0;
  let aliases = 0;
  const refuse = (what: string, limit: number, node: FieldNode): void =>
    context.reportError(new GraphQLError(`The request has more than ${limit} ${what}.`, { nodes: node }));
  return {
    OperationDefinition(node) {
      const roots = node.selectionSet.selections.filter((selection) => selection.kind === Kind.FIELD);
      if (roots.length > maxRootFields && roots[0]) refuse('root fields', maxRootFields, roots[0]);
    },
    Field(node) {
      fields += 1;
      if (node.alias) aliases += 1;
      if (fields === maxFields + 1) refuse('fields', maxFields, node);
      if (aliases === maxAliases + 1) refuse('aliases', maxAliases, node);
    },
  };
}
