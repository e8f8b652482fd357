/** Who does something: the holder of a token, or a part of Tierdeck itself. */
export interface Actor {
  kind: 'token' | 'system';
  /** Token id, or the name of the part, e.g. `reconciler:onboarding`. */
  id: string;
  name: string;
  /** Who holds the token, if it says so, e.g. an e-mail address: two tokens may be one person. */
  person?: string;
}

/** Who acts, whatever token is used; a token that names nobody is a person of its own. */
export function personOf({ person, id }: Actor): string {
  return person ?? id;
}

export function systemActor(part: string): Actor {
  return { kind: 'system', id: part, name: part };
}
