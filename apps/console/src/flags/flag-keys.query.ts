import { graphql, type ResultOf } from '../graphql/graphql.js';

/** Flags in use, by key: what a field that chooses among them needs to know. */
export const flagKeysQuery = graphql(`
  query FlagKeys($search: String) {
    flags(first: 500, search: $search) {
      edges {
        node {
          key
          kind
          riskClass
          variants {
            name
          }
        }
      }
    }
  }
`);

export type KnownFlag = ResultOf<typeof flagKeysQuery>['flags']['edges'][number]['node'];
