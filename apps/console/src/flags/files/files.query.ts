import { graphql, type ResultOf } from '../../graphql/graphql.js';

export const importUnleashMutation = graphql(`
  mutation ImportUnleash($input: ImportUnleashInput!) {
    importUnleash(input: $input) {
      dryRun
      format
      created
      updated
      notes {
        subject
        outcome
        message
      }
    }
  }
`);

export type ImportReport = ResultOf<typeof importUnleashMutation>['importUnleash'];

export const exportFlagsQuery = graphql(`
  query ExportFlags($keys: [String!]) {
    exportFlags(keys: $keys) {
      manifests
    }
  }
`);
