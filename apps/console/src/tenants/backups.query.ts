import { graphql, type ResultOf } from '../graphql/graphql.js';

export const backupsQuery = graphql(`
  query Backups($slug: String!) {
    tenant(slug: $slug) {
      id
      backupFreshness
      lastBackupAt
      drillState
      backupPolicy {
        enabled
        intervalMinutes
        keepCount
        keepDays
        drillIntervalDays
        source
      }
      keyVersions {
        version
        createdAt
        retiredAt
        shreddedAt
      }
      backups(first: 100) {
        id
        status
        reason
        requestedBy
        startedAt
        snapshotAt
        rows
        bytes
        storedBytes
        error
      }
      restoreDrills(first: 20) {
        id
        status
        startedAt
        rows
        bytes
        tables
        recoveryMs
        dataAgeMs
        requestedBy
        error
      }
      restores(first: 20) {
        id
        backupId
        mode
        status
        startedAt
        databaseName
        expiresAt
        beforeBackupId
        error
      }
    }
  }
`);

export type TenantBackups = NonNullable<ResultOf<typeof backupsQuery>['tenant']>;
export type Backup = TenantBackups['backups'][number];
export type Drill = TenantBackups['restoreDrills'][number];
export type Restore = TenantBackups['restores'][number];

export const backUpTenantMutation = graphql(`
  mutation BackUpTenant($input: BackUpTenantInput!) {
    backUpTenant(input: $input) {
      operation {
        id
      }
    }
  }
`);

export const runRestoreDrillMutation = graphql(`
  mutation RunRestoreDrill($input: RunRestoreDrillInput!) {
    runRestoreDrill(input: $input) {
      operation {
        id
      }
    }
  }
`);

export const restoreTenantMutation = graphql(`
  mutation RestoreTenant($input: RestoreTenantInput!) {
    restoreTenant(input: $input) {
      operation {
        id
      }
    }
  }
`);

export const setBackupPolicyMutation = graphql(`
  mutation SetBackupPolicy($input: SetBackupPolicyInput!) {
    setBackupPolicy(input: $input) {
      ok
    }
  }
`);
