import { graphql, type ResultOf } from '../graphql/graphql.js';

export const operationFragment = graphql(`
  fragment OperationDetail on Operation @_unmask {
    id
    kind
    subject
    status
    requestedBy
    createdAt
    startedAt
    finishedAt
    tenant {
      id
      slug
      name
    }
    error {
      code
      message
      hint
    }
    steps {
      name
      title
      status
      attempts
      progress
      errorMessage
      startedAt
      finishedAt
    }
  }
`);

export type OperationDetail = ResultOf<typeof operationFragment>;
export type OperationStep = OperationDetail['steps'][number];
