import { Controller, Get, Header, Headers, Param, Query, StreamableFile } from '@nestjs/common';
import { allows, ForbiddenError, TokensService, UnauthenticatedError } from '#identity';
import { BackupDownloads } from '#tenancy';

/** Archives of tenants as files, for who may change tenants. */
@Controller('backups')
export class BackupsController {
  constructor(
    private readonly tokens: TokensService,
    private readonly downloads: BackupDownloads,
  ) {}

  /** `GET /backups/<id>/archive`, with `?plain=true` the rows in clear. */
  @Get(':id/archive')
  @Header('cache-control', 'no-store')
  async archive(
    @Param('id') id: string,
    @Query('plain') plain: string | undefined,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<StreamableFile> {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
    const principal = token ? await this.tokens.authenticate(token) : undefined;
    if (!principal) throw new UnauthenticatedError();
    if (!allows(principal.role, 'tenants:write')) throw new ForbiddenError(principal.role, 'tenants:write');
    const { bytes, fileName, contentType } = await this.downloads.open(principal.actor, id, plain === 'true');
    return new StreamableFile(bytes, {
      type: contentType,
      disposition: `attachment; filename="${fileName}"`,
    });
  }
}
