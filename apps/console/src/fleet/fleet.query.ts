import { graphql, type ResultOf } from '../graphql/graphql.js';

export const fleetQuery = graphql(`
  query Fleet {
    fleet {
      version
      current
      behind
      failed
      prepared {
        cluster
        ready
        wanted
      }
    }
  }
`);

export const fleetDatabasesQuery = graphql(`
  query FleetDatabases($first: Int, $after: String, $status: [FleetStatus!]) {
    fleet {
      version
      databases(first: $first, after: $after, status: $status) {
        edges {
          node {
            id
            cluster
            name
            kind
            status
            version
            migratedAt
            error
            tenants
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

export type FleetDatabase = ResultOf<
  typeof fleetDatabasesQuery
>['fleet']['databases']['edges'][number]['node'];

export const migrateFleetMutation = graphql(`
  mutation MigrateFleet($input: MigrateFleetInput!) {
    migrateFleet(input: $input) {
      operation {
        id
      }
    }
  }
`);

export const retryFleetMigrationMutation = graphql(`
  mutation RetryFleetMigration($input: RetryFleetMigrationInput!) {
    retryFleetMigration(input: $input) {
      operation {
        id
      }
    }
  }
`);
