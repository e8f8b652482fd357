import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.js';

/** Decisions alone; a trace is read for the one cell that is opened. */
export const playgroundQuery = graphql(`
  query Playground($input: PlaygroundInput!) {
    playground(input: $input) {
      contexts
      nextAfter
      cells {
        flag
        environment
        context
        changed
        live {
          enabled
          variant
          reason
        }
        draft {
          enabled
          variant
          reason
        }
      }
    }
  }
`);

export type PlaygroundInput = VariablesOf<typeof playgroundQuery>['input'];
export type PlaygroundCell = ResultOf<typeof playgroundQuery>['playground']['cells'][number];

export const playgroundTraceQuery = graphql(`
  query PlaygroundTrace($input: PlaygroundInput!) {
    playground(input: $input) {
      cells {
        live {
          enabled
          variant
          reason
          payload
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
        draft {
          enabled
          variant
          reason
          payload
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

export type TracedDecision = ResultOf<typeof playgroundTraceQuery>['playground']['cells'][number]['live'];
