import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.js';

export const flagMatrixQuery = graphql(`
  query FlagMatrix($input: FlagMatrixInput!) {
    flagMatrix(input: $input) {
      rowCount
      columnCount
      columns {
        key
        label
        kind
        tenant
        tenantName
      }
      decisions {
        enabled
        variant
        reason
        scope {
          kind
          key
          label
        }
      }
      rows {
        flag {
          key
          description
          kind
          riskClass
          defaultVariant
          version
          variants {
            name
          }
        }
        cells
      }
    }
  }
`);

export type MatrixInput = VariablesOf<typeof flagMatrixQuery>['input'];
export type Matrix = ResultOf<typeof flagMatrixQuery>['flagMatrix'];
export type MatrixColumn = Matrix['columns'][number];
export type MatrixFlag = Matrix['rows'][number]['flag'];
export type MatrixDecision = Matrix['decisions'][number];

/** Whether the rule that decides is the column's own, not one that it inherits. */
export const isOwn = (decision: MatrixDecision, column: MatrixColumn): boolean =>
  decision.scope?.kind === column.kind && decision.scope.key === column.key;
