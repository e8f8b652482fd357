import type { Delimiters, EdiStandard } from './delimiters.js';
import type { InboundOrder, PartnerAddress } from './inbound-order.js';
import type { EdiProblem } from './problem.js';

/** One transaction set (X12) or message (EDIFACT): an order, or the reasons why not. */
export interface MessageReading {
  /** `850`, `ORDERS`, or whatever else was sent. */
  type: string;
  control: string;
  /** Place of ST or UNH in the interchange, from 1. */
  position: number;
  order: InboundOrder | null;
  problems: EdiProblem[];
}

/** A functional group. EDIFACT without UNG has one, unnamed. */
export interface GroupReading {
  /** GS01, e.g. `PO`; empty in EDIFACT. */
  functionalId: string;
  control: string | null;
  version: string;
  sender: string;
  receiver: string;
  /** What the trailer said it holds. */
  declared: number;
  messages: MessageReading[];
  problems: EdiProblem[];
}

export interface InterchangeReading {
  standard: EdiStandard;
  delimiters: Delimiters;
  /** The interchange as it came, UNA to UNZ or ISA to IEA. */
  text: string;
  sender: PartnerAddress;
  receiver: PartnerAddress;
  control: string;
  /** ISA09/ISA10 or S004 as sent, given back in TA1. */
  date: string;
  time: string;
  /** ISA12, or syntax id and version as in `UNOB:1`. */
  syntax: string;
  test: boolean;
  groups: GroupReading[];
  /** Of the envelope: they refuse the interchange as a whole. */
  problems: EdiProblem[];
}

/** All that was in one transmission. */
export interface EdiReading {
  interchanges: InterchangeReading[];
  /** Why nothing, or nothing more, could be read. */
  problems: EdiProblem[];
}

export function problemsOfInterchange(interchange: InterchangeReading): EdiProblem[] {
  return [
    ...interchange.problems,
    ...interchange.groups.flatMap((group) => [
      ...group.problems,
      ...group.messages.flatMap((message) => message.problems),
    ]),
  ];
}

export function problemsOf(reading: EdiReading): EdiProblem[] {
  return [...reading.problems, ...reading.interchanges.flatMap(problemsOfInterchange)];
}

/** The orders that may be worked on: those whose message, group and interchange are all without fault. */
export function acceptedOrders(interchange: InterchangeReading): InboundOrder[] {
  if (interchange.problems.length > 0) return [];
  return interchange.groups
    .filter((group) => group.problems.length === 0)
    .flatMap((group) => group.messages)
    .flatMap((message) => (message.order && message.problems.length === 0 ? [message.order] : []));
}
