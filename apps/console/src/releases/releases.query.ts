import { graphql, type ResultOf } from '../graphql/graphql.js';

export const releasesQuery = graphql(`
  query Releases($first: Int, $after: String, $status: [ReleaseStatus!]) {
    releases(first: $first, after: $after, status: $status) {
      edges {
        node {
          id
          name
          description
          status
          statusReason
          environment
          exposedTenants
          createdAt
          createdBy
          flagChanges {
            flag
          }
          migrations
          waves {
            position
            name
            status
          }
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

export type ReleaseRow = ResultOf<typeof releasesQuery>['releases']['edges'][number]['node'];

export const releaseFragment = graphql(`
  fragment ReleaseDetail on Release @_unmask {
    id
    name
    description
    artifactDigest
    environment
    status
    statusReason
    migrations
    exposedTenants
    createdAt
    startedAt
    finishedAt
    createdBy
    digest
    flagChanges {
      flag
      enabled
      variant
      percentage
      stickiness
      constraints {
        contextName
        operator
        values
        value
        inverted
        caseInsensitive
      }
      segments
      startsAt
      endsAt
    }
    approvals {
      by
      at
      digest
      comment
    }
    waves {
      position
      name
      status
      selector
      concurrency
      soakSeconds
      soakUntil
      startedAt
      finishedAt
      reason
      gates {
        kpi
        threshold
        verdict
        observed
        samples
        minSamples
        evidence
        explanation
      }
      tenants {
        status
        error
        at
        tenant {
          id
          slug
          name
          tier
        }
      }
    }
  }
`);

export type ReleaseDetail = ResultOf<typeof releaseFragment>;
export type Wave = ReleaseDetail['waves'][number];
export type Gate = Wave['gates'][number];

export const releaseQuery = graphql(
  `
    query Release($id: ID!) {
      release(id: $id) {
        ...ReleaseDetail
      }
    }
  `,
  [releaseFragment],
);

export const releaseProgressSubscription = graphql(
  `
    subscription ReleaseProgress($id: ID!) {
      releaseProgress(id: $id) {
        ...ReleaseDetail
      }
    }
  `,
  [releaseFragment],
);

export const planReleaseQuery = graphql(`
  query PlanRelease($input: PlanReleaseInput!) {
    planRelease(input: $input) {
      unmatched
      warnings
      waves {
        position
        name
        tenants
      }
    }
  }
`);

export const createReleaseMutation = graphql(`
  mutation CreateRelease($input: CreateReleaseInput!) {
    createRelease(input: $input) {
      release {
        id
        name
      }
    }
  }
`);
