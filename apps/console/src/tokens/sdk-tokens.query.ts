import { graphql, type ResultOf } from '../graphql/graphql.js';

export const sdkTokensQuery = graphql(`
  query SdkTokens(
    $first: Int
    $after: String
    $environment: String
    $tenant: String
    $kind: [SdkTokenKind!]
    $revoked: Boolean
  ) {
    sdkTokens(
      first: $first
      after: $after
      environment: $environment
      tenant: $tenant
      kind: $kind
      revoked: $revoked
    ) {
      edges {
        node {
          id
          name
          kind
          environment
          project
          tenant
          branch
          createdAt
          revokedAt
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

export type SdkToken = ResultOf<typeof sdkTokensQuery>['sdkTokens']['edges'][number]['node'];

export const createSdkTokenMutation = graphql(`
  mutation CreateSdkToken($input: CreateSdkTokenInput!) {
    createSdkToken(input: $input) {
      id
      secret
    }
  }
`);

export const revokeSdkTokenMutation = graphql(`
  mutation RevokeSdkToken($input: RevokeSdkTokenInput!) {
    revokeSdkToken(input: $input) {
      id
    }
  }
`);
