import type { UnleashSegment } from '../compiler/index.js';
import { render, type Rendered } from './rendered.js';

/** A segment as it is sent. */
export interface ServedSegment {
  /** For tokens of every tenant. */
  readonly whole: Rendered;
  /** For tokens of one tenant: SDKs know a segment by its number, and its name may name another tenant. */
  readonly nameless: Rendered;
}

export function serveSegment(segment: UnleashSegment): ServedSegment {
  const { name: _name, ...nameless } = segment;
  return { whole: render(segment), nameless: render(nameless) };
}
