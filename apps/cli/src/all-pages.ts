import type { Client } from './client.js';

interface Page<Node> {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: Node }[];
}

/**
 * Everything that a query lists, page by page.
 * @param query has one field: a connection that takes `$after`, or a list, which comes whole.
 */
export async function allPages<Node>(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let after: string | null = null; ;) {
    const answer: Record<string, Page<Node> | Node[]> = await client.request(query, { ...variables, after });
    const page = Object.values(answer)[0] as Page<Node> | Node[];
    if (Array.isArray(page)) return page;
    nodes.push(...page.edges.map(({ node }) => node));
    if (!page.pageInfo.hasNextPage) return nodes;
    after = page.pageInfo.endCursor;
  }
}
