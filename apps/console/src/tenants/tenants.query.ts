import { graphql, type ResultOf } from '../graphql/graphql.js';

export const tenantsQuery = graphql(`
  query Tenants(
    $first: Int
    $after: String
    $search: String
    $status: [TenantStatus!]
    $tier: [IsolationTier!]
    $region: String
    $label: String
  ) {
    tenants(
      first: $first
      after: $after
      search: $search
      status: $status
      tier: $tier
      region: $region
      label: $label
    ) {
      edges {
        node {
          id
          slug
          name
          plan
          status
          suspension
          region
          labels
          tier
          createdAt
          database {
            placement
            name
          }
          integrationWorkers {
            placement
            instances {
              id
              alive
            }
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

export type TenantRow = ResultOf<typeof tenantsQuery>['tenants']['edges'][number]['node'];

export const tenantChangedSubscription = graphql(`
  subscription TenantChanged($slug: String) {
    tenantChanged(slug: $slug) {
      id
      slug
      status
    }
  }
`);
