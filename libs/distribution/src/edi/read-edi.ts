import { detectDelimiters } from './delimiters.js';
import { readEdifact } from './edifact/interchange.js';
import { ediLimits, type EdiLimits } from './limits.js';
import { problem } from './problem.js';
import type { EdiReading } from './reading.js';
import { tokenize } from './tokenizer.js';
import { readX12 } from './x12/interchange.js';

/**
 * Reads a transmission: one or several interchanges, X12 or EDIFACT, as the bytes say. Never throws: whatever is wrong
 * is a problem in the reading. Time and memory are linear in the bytes, which `limits` bound.
 */
export function readEdi(document: Uint8Array | string, limits: EdiLimits = ediLimits): EdiReading {
  const reading: EdiReading = { interchanges: [], problems: [] };
  const size = typeof document === 'string' ? Buffer.byteLength(document) : document.byteLength;
  if (size > limits.maxBytes) {
    reading.problems.push(problem('TOO_LARGE', '', `The document has more than ${limits.maxBytes} bytes.`));
    return reading;
  }
  const text = decode(document);
  let at = skipBlank(text, 0);
  while (at < text.length || reading.interchanges.length === 0) {
    if (reading.interchanges.length >= limits.maxInterchanges) {
      const reason = `More than ${limits.maxInterchanges} interchanges in one transmission.`;
      reading.problems.push(problem('TOO_LARGE', '', reason));
      break;
    }
    const delimiters = detectDelimiters(text, at);
    if ('code' in delimiters) {
      reading.problems.push(delimiters);
      break;
    }
    const tokens = tokenize(text, delimiters, limits);
    const header = delimiters.standard === 'X12' ? 'ISA' : 'UNB';
    if (tokens.segments[0]?.tag !== header) {
      const reason = `The interchange does not start with ${header}.`;
      reading.problems.push(problem('ENVELOPE_STRUCTURE', header, reason, { position: 1 }));
      break;
    }
    const opening = delimiters.standard === 'X12' ? 'ST' : 'UNH';
    if (tokens.segments.filter(({ tag }) => tag === opening).length > limits.maxMessages) {
      const reason = `More than ${limits.maxMessages} messages in one interchange.`;
      reading.problems.push(problem('TOO_LARGE', opening, reason));
      break;
    }
    const read = delimiters.standard === 'X12' ? readX12 : readEdifact;
    const interchange = read(tokens, delimiters, limits);
    reading.interchanges.push({ ...interchange, text: text.slice(at, tokens.end) });
    at = tokens.end;
  }
  return reading;
}

/** UTF-8 with or without a byte order mark, else ISO 8859-1 (UNOC): every byte is then a character. */
function decode(document: Uint8Array | string): string {
  if (typeof document === 'string') return document.replace(/^\uFEFF/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(document);
  } catch {
    return new TextDecoder('latin1').decode(document);
  }
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] as string)) at += 1;
  return at;
}
