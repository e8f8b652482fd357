import { graphql } from '../graphql/graphql.js';
import { operationFragment } from './operation.fragment.js';

export const operationsQuery = graphql(
  `
    query Operations($first: Int, $after: String, $tenant: String, $status: [OperationStatus!]) {
      operations(first: $first, after: $after, tenant: $tenant, status: $status) {
        edges {
          node {
            ...OperationDetail
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        totalCount
      }
    }
  `,
  [operationFragment],
);

export const operationQuery = graphql(
  `
    query Operation($id: ID!) {
      operation(id: $id) {
        ...OperationDetail
      }
    }
  `,
  [operationFragment],
);

export const operationProgressSubscription = graphql(
  `
    subscription OperationProgress($id: ID!) {
      operationProgress(id: $id) {
        ...OperationDetail
      }
    }
  `,
  [operationFragment],
);

export const retryOperationMutation = graphql(`
  mutation RetryOperation($input: OperationIdInput!) {
    retryOperation(input: $input) {
      operation {
        id
        status
      }
    }
  }
`);

export const cancelOperationMutation = graphql(`
  mutation CancelOperation($input: OperationIdInput!) {
    cancelOperation(input: $input) {
      operation {
        id
        status
      }
    }
  }
`);
