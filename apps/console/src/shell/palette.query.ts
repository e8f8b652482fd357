import { graphql } from '../graphql/graphql.js';

export const paletteQuery = graphql(`
  query Palette($search: String) {
    tenants(first: 8, search: $search) {
      edges {
        node {
          id
          slug
          name
          tier
          status
          suspension
        }
      }
    }
    flags(first: 8, search: $search) {
      edges {
        node {
          key
          description
        }
      }
    }
    releases(first: 20) {
      edges {
        node {
          id
          name
          status
          environment
        }
      }
    }
  }
`);
