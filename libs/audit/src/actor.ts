/** Who does something: the holder of a token, or a part of Tierdeck itself. */
export interface Actor {
  kind: 'token' | 'system';
  /** Token id, or the name of the part, e.g. `reconciler:onboarding`. */
  id: string;
  name: string;
}

export function systemActor(part: string): Actor {
  return { kind: 'system', id: part, name: part };
}
