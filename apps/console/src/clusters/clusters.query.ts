import { graphql, type ResultOf } from '../graphql/graphql.js';

const clusterFragment = graphql(`
  fragment Cluster on DatabaseCluster @_unmask {
    name
    region
    host
    port
    status
    pooled
    dedicated
    databases
    maxDatabases
    maxBytes
    tenants
    pooledTenantCost
    dedicatedDatabaseCost
    dedicatedWorkerCost
  }
`);

export const clustersQuery = graphql(
  `
    query Clusters {
      databaseClusters {
        ...Cluster
      }
    }
  `,
  [clusterFragment],
);

export type Cluster = ResultOf<typeof clustersQuery>['databaseClusters'][number];

export const registerClusterMutation = graphql(
  `
    mutation RegisterCluster($input: RegisterClusterInput!) {
      registerDatabaseCluster(input: $input) {
        ...Cluster
      }
    }
  `,
  [clusterFragment],
);

export const updateClusterMutation = graphql(
  `
    mutation UpdateCluster($input: UpdateClusterInput!) {
      updateDatabaseCluster(input: $input) {
        ...Cluster
      }
    }
  `,
  [clusterFragment],
);

export const retireClusterMutation = graphql(
  `
    mutation RetireCluster($input: RetireClusterInput!) {
      retireDatabaseCluster(input: $input) {
        ...Cluster
      }
    }
  `,
  [clusterFragment],
);

export const workerPoolsQuery = graphql(`
  query WorkerPools {
    workerPools {
      name
      kind
      region
      capacity
      tenants
      retired
      kubernetes {
        apiServer
        namespace
      }
    }
  }
`);

export type WorkerPool = ResultOf<typeof workerPoolsQuery>['workerPools'][number];
