import {
  GraphQLError,
  Kind,
  type ASTNode,
  type ASTVisitor,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** Deepest nesting of a query: connections of connections fit, circular ones do not. */
export const maxDepth = 12;
/** Fields of one request, aliases counted, fragments once per use: nested ones multiply. */
const maxFields = 500;
const maxRootFields = 20;
const maxAliases = 50;
/** Bytes of one request to anything but GraphQL, and of one to GraphQL by nobody. */
export const maxBodyBytes = 1_048_576;
/** Bytes of one GraphQL request with a valid token: a constraint of 100,000 values fits. */
export const maxGraphqlBytes = 4 * maxBodyBytes;

/** Bounds the width of a request, as {@link maxDepth} bounds its depth. */
export function requestSizeRule(context: ValidationContext): ASTVisitor {
  const fieldsOf = expandedFieldCounter(context);
  let fields = 0;
  let aliases = 0;
  const refuse = (what: string, limit: number, node: ASTNode): void =>
    context.reportError(new GraphQLError(`The request has more than ${limit} ${what}.`, { nodes: node }));
  return {
    OperationDefinition(node) {
      const roots = node.selectionSet.selections.filter((selection) => selection.kind === Kind.FIELD);
      if (roots.length > maxRootFields && roots[0]) refuse('root fields', maxRootFields, roots[0]);
      const before = fields;
      fields += fieldsOf(node.selectionSet);
      if (before <= maxFields && fields > maxFields) refuse('fields', maxFields, node);
    },
    Field(node) {
      if (node.alias) aliases += 1;
      if (aliases === maxAliases + 1) refuse('aliases', maxAliases, node);
    },
  };
}

/** Counts the fields of a selection with its fragments spread out; each fragment is walked once. */
function expandedFieldCounter(context: ValidationContext): (selections: SelectionSetNode) => number {
  const counts = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const known = counts.get(name);
    if (known !== undefined) return known;
    // A fragment within itself is refused by another rule; here it must only not go round for ever.
    counts.set(name, 0);
    const fragment = context.getFragment(name);
    const count = fragment ? ofSelections(fragment.selectionSet) : 0;
    counts.set(name, count);
    return count;
  };
  const ofSelections = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const below = selection.selectionSet ? ofSelections(selection.selectionSet) : 0;
      return sum + below + (selection.kind === Kind.FIELD ? 1 : 0);
    }, 0);
  return ofSelections;
}
