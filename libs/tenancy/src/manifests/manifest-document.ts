import { LineCounter, parseAllDocuments, isMap, isNode, isScalar, type Document, type YAMLError } from 'yaml';
import type { ManifestProblem } from '../tenancy.errors.js';
import type { ManifestFile } from './manifest-files.js';
import type { FieldProblem } from './manifest-handler.js';

/** One YAML document of a file, with the way back from a field to its line. */
export interface ManifestDocument {
  file: string;
  value: unknown;
  /** Places a problem of a field; a missing field is placed at the nearest parent that is there. */
  readonly locate: (problem: FieldProblem) => ManifestProblem;
}

const maxFileBytes = 4 * 1024 * 1024;

/** Reads the documents of a file; a file that is not YAML gives problems and no documents. */
export function readManifestFile({ file, content }: ManifestFile): {
  documents: ManifestDocument[];
  problems: ManifestProblem[];
} {
  if (Buffer.byteLength(content) > maxFileBytes) {
    const message = `has more than ${maxFileBytes} bytes`;
    return { documents: [], problems: [{ file, line: 1, field: '', message }] };
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const documents: ManifestDocument[] = [];
  const problems: ManifestProblem[] = [];
  for (const document of parsed as Document.Parsed[]) {
    const [error] = document.errors;
    if (error) {
      // What the parser says after its first error is mostly about that error.
      problems.push(syntaxProblem(file, lines, error));
      break;
    }
    if (document.contents === null) continue;
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      documents.push({ file, value, locate: (problem) => locate(file, lines, document, problem) });
    } catch (error) {
      problems.push({ file, line: 1, field: '', message: (error as Error).message });
    }
  }
  return { documents, problems };
}

function syntaxProblem(file: string, lines: LineCounter, error: YAMLError): ManifestProblem {
  return { file, line: lines.linePos(error.pos[0]).line, field: '', message: error.message };
}

function locate(
  file: string,
  lines: LineCounter,
  document: Document.Parsed,
  { path, message }: FieldProblem,
): ManifestProblem {
  const field = path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );
  return { file, line: lines.linePos(offsetOf(document, path)).line, field, message };
}

/** Where the key of the deepest existing part of a path starts. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const part = path[depth - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === part);
      if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
