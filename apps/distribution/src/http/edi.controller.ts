import { Body, Controller, Get, Headers, Param, Post, Res } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  ediAnswer,
  ediContentTypes,
  EdiIntake,
  ediLimits,
  readEdiInterchange,
  type EdiInterchangeView,
} from '#distribution';
import { NotFoundError, TierdeckError } from '#platform';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { CurrentTenant } from './tenant.decorator.js';

/** What senders of EDI call their documents; the document itself says which standard it is in. */
const mediaTypes = [
  ...Object.values(ediContentTypes),
  'application/edi-x12',
  'application/edifact',
  'application/edi-consent',
  'application/octet-stream',
  'text/plain',
];

/** Lets Fastify hand EDI documents on as the bytes that came, up to the intake's own limit. */
export function acceptEdiBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(
    [...new Set(mediaTypes)],
    { parseAs: 'buffer', bodyLimit: ediLimits.maxBytes },
    (_request, body, done) => done(null, body),
  );
}

@Controller('edi')
export class EdiController {
  constructor(
    private readonly intake: EdiIntake,
    private readonly runtime: TierdeckRuntime,
  ) {}

  @Post()
  async receive(
    @CurrentTenant() tenant: RuntimeTenant,
    @Body() body: unknown,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    if (!Buffer.isBuffer(body)) {
      throw new TierdeckError('MEDIA_TYPE_UNSUPPORTED', 'An EDI document is needed.', 415, {
        hint: 'Send X12 or EDIFACT with content-type application/edi-x12, application/edifact or text/plain.',
      });
    }
    const answer = ediAnswer(await this.intake.receive(tenant, body), accept);
    void reply.status(answer.status).type(answer.contentType);
    return answer.body;
  }

  /** What became of an interchange: its jobs, the orders they made, the documents that answer it. */
  @Get(':id')
  async read(@CurrentTenant() tenant: RuntimeTenant, @Param('id') id: string): Promise<EdiInterchangeView> {
    const found = await readEdiInterchange(this.runtime.database(tenant), id);
    if (!found) throw new NotFoundError('interchange', id.slice(0, 64));
    return found;
  }
}
