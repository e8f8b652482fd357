/** Something that an attacker got, or could do, and must not. */
export interface Finding {
  attack: string;
  /** What was attacked: a table, a function, a field of GraphQL, a route. */
  object: string;
  got: string;
}

/** One line each, sorted, as tests compare them. */
export function told(findings: readonly Finding[]): string[] {
  return findings.map(({ attack, object, got }) => `${attack}: ${object} (${got})`).sort();
}
