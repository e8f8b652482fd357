import { ediContentTypes } from '../acknowledge.js';
import type { EdiReceipt } from './edi-intake.js';

/** An HTTP answer, ready to be sent. */
export interface EdiAnswer {
  status: number;
  contentType: string;
  body: string;
}

/**
 * The answer to `POST /edi`. A transmission that was taken is answered with the acknowledgement itself, one that was
 * refused with the problems and the acknowledgement as JSON; `Accept` may ask for the other form.
 */
export function ediAnswer(receipt: EdiReceipt, accept: string | undefined): EdiAnswer {
  const documents = receipt.interchanges.flatMap(({ acknowledgement }) => acknowledgement ?? []);
  const [first] = documents;
  const wanted = accept?.toLowerCase() ?? '';
  const asksForEdi = Object.values(ediContentTypes).some((type) => wanted.includes(type));
  const asksForJson = wanted.includes('application/json');
  const raw = asksForEdi || (receipt.httpStatus === 202 && !asksForJson);
  if (raw && first) {
    return {
      status: receipt.httpStatus,
      contentType: `${ediContentTypes[first.standard]}; charset=utf-8`,
      body: documents.map(({ body }) => body).join(''),
    };
  }
  return {
    status: receipt.httpStatus,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify({
      ...(receipt.httpStatus === 202 ? {} : { error: errorOf(receipt) }),
      ...jsonOf(receipt),
    }),
  };
}

function errorOf({ httpStatus, problems }: EdiReceipt): object {
  const [first] = problems;
  const code =
    { 409: 'EDI_CONTROL_NUMBER_REUSED', 413: 'EDI_TOO_LARGE' }[httpStatus as number] ?? 'EDI_REFUSED';
  return {
    code,
    message: first?.reason ?? 'The document was refused.',
    hint: 'See problems for each fault with its segment, and acknowledgement for the answer in the same standard.',
  };
}

function jsonOf({ interchanges, problems }: EdiReceipt): object {
  return {
    problems,
    interchanges: interchanges.map(({ id, control, status, orders, acknowledgement }) => ({
      id,
      control,
      status,
      orders,
      acknowledgement: acknowledgement && {
        kind: acknowledgement.kind,
        contentType: ediContentTypes[acknowledgement.standard],
        body: acknowledgement.body,
      },
    })),
  };
}
