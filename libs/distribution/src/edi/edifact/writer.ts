import { edifactDefaults } from '../delimiters.js';
import type { PartnerAddress } from '../inbound-order.js';

/** A segment to write: tag, then elements, each a value or the components of a composite. */
export type EdifactSegment = readonly [string, ...(string | readonly string[])[]];

export interface EdifactEnvelope {
  sender: PartnerAddress;
  receiver: PartnerAddress;
  control: string;
  test: boolean;
  at: Date;
  messages: {
    /** S009: type, version, release, agency, association code. */
    type: readonly string[];
    /** 0062; counted from 1 if left out. */
    control?: string;
    /** What stands between UNH and UNT. */
    segments: EdifactSegment[];
  }[];
}

/**
 * Writes an interchange with its counts and references, level C (ISO 8859-1) syntax 3, and UNA so that nothing is left
 * to guess. Service characters inside values are released.
 */
export function writeEdifact({ sender, receiver, control, test, at, messages }: EdifactEnvelope): string {
  const stamp = at.toISOString();
  const address = ({ id, qualifier }: PartnerAddress): string[] => [id, qualifier ?? ''];
  const unb: EdifactSegment = [
    'UNB',
    ['UNOC', '3'],
    address(sender),
    address(receiver),
    [stamp.slice(2, 10).replaceAll('-', ''), stamp.slice(11, 16).replace(':', '')],
    control,
    '',
    '',
    '',
    '',
    '',
    test ? '1' : '',
  ];
  const segments: EdifactSegment[] = [unb];
  messages.forEach((message, index) => {
    const reference = message.control ?? String(index + 1);
    segments.push(['UNH', reference, message.type], ...message.segments, [
      'UNT',
      String(message.segments.length + 2),
      reference,
    ]);
  });
  segments.push(['UNZ', String(messages.length), control]);
  return `UNA:+.? '\n${segments.map((segment) => `${join(segment)}'\n`).join('')}`;
}

function join(segment: EdifactSegment): string {
  const elements = segment.map((element) =>
    typeof element === 'string' ? release(element) : trimEnd(element.map(release)).join(':'),
  );
  return trimEnd(elements).join('+');
}

function trimEnd(values: string[]): string[] {
  let last = values.length;
  while (last > 0 && values[last - 1] === '') last -= 1;
  return values.slice(0, last);
}

const { element, component, segment: terminator, release: releaseCharacter } = edifactDefaults;

function release(value: string): string {
  let text = '';
  for (const character of value) {
    if ([element, component, terminator, releaseCharacter].includes(character)) text += `?${character}`;
    else text += character < ' ' || character === '\u007F' ? ' ' : character;
  }
  return text;
}
