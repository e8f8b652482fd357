export { ediAnswer, type EdiAnswer } from './edi-answer.js';
export {
  EdiIntake,
  type EdiReceipt,
  type IntakeRuntime,
  type InterchangeReceipt,
  type ReceiptStatus,
} from './edi-intake.js';
export { ediOrderJob, type EdiOrderPayload } from './edi-order-job.js';
export { EdiOrderHandler, type EdiOrderHandlerOptions } from './edi-order.handler.js';
export { readEdiInterchange, type EdiInterchangeView, type EdiOutboundView } from './edi.read-model.js';
