import { graphql, type ResultOf } from '../graphql/graphql.js';

export const tenantQuery = graphql(`
  query Tenant($slug: String!) {
    tenant(slug: $slug) {
      id
      slug
      name
      plan
      status
      suspension
      eraseAfter
      erasingSince
      region
      labels
      tier
      createdAt
      database {
        placement
        cluster
        name
        loginRole
      }
      integrationWorkers {
        placement
        instances {
          id
          service
          alive
          seenAt
          appliedRevision
        }
      }
      unitCounts {
        kind
        count
      }
      operations(first: 5) {
        edges {
          node {
            id
            kind
            status
            createdAt
          }
        }
      }
    }
  }
`);

export type TenantDetail = NonNullable<ResultOf<typeof tenantQuery>['tenant']>;

/** Counted in the tenant's database when asked for, hence apart from the page. */
export const tenantRowsQuery = graphql(`
  query TenantRows($slug: String!) {
    tenant(slug: $slug) {
      id
      database {
        rows
      }
    }
  }
`);

export const unitsQuery = graphql(`
  query Units($slug: String!, $kind: UnitKind, $parent: String, $first: Int, $after: String) {
    tenant(slug: $slug) {
      id
      units(kind: $kind, parent: $parent, first: $first, after: $after) {
        edges {
          node {
            kind
            code
            name
            key
            parentKind
            parentCode
            attributes
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        totalCount
      }
    }
  }
`);

export const deadLettersQuery = graphql(`
  query DeadLetters($slug: String!) {
    deadLetters(tenant: $slug, first: 200) {
      id
      kind
      attempts
      error
      createdAt
      payload
    }
  }
`);

export const retryDeadLetterMutation = graphql(`
  mutation RetryDeadLetter($input: RetryDeadLetterInput!) {
    retryDeadLetter(input: $input) {
      ok
    }
  }
`);
