import { graphql, type ResultOf } from '../../graphql/graphql.js';

export const segmentsQuery = graphql(`
  query Segments {
    segments {
      id
      name
      description
      version
      constraints {
        contextName
        operator
        values
        value
        inverted
        caseInsensitive
      }
      uses {
        flag
        environment
        riskClass
        rules
        strategies
      }
    }
  }
`);

export type Segment = ResultOf<typeof segmentsQuery>['segments'][number];

export const segmentNamesQuery = graphql(`
  query SegmentNames {
    segments {
      id
      name
    }
  }
`);
