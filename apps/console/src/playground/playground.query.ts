import { graphql, type ResultOf } from '../graphql/graphql.js';

export const playgroundQuery = graphql(`
  query Playground($input: PlaygroundInput!) {
    playground(input: $input) {
      contexts
      nextAfter
      cells {
        flag
        environment
        context
        live {
          enabled
          variant
          reason
          trace {
            outcome
            enabled
            variant
            explanation
            scope {
              kind
              key
            }
          }
        }
      }
    }
  }
`);

export type PlaygroundCell = ResultOf<typeof playgroundQuery>['playground']['cells'][number];

export const flagKeysQuery = graphql(`
  query FlagKeys($search: String) {
    flags(first: 100, search: $search) {
      edges {
        node {
          key
          variants {
            name
          }
        }
      }
    }
  }
`);
