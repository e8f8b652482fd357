import { Controller, Get, Header, Headers, Param, Query, StreamableFile } from '@nestjs/common';
import { allows, ForbiddenError, UnauthenticatedError } from '#identity';
import { BackupDownloads } from '#tenancy';
import { OperatorAccess } from './operator-access.js';

/** Archives of tenants as files, for who may change tenants. */
@Controller('backups')
export class BackupsController {
  constructor(
    private readonly access: OperatorAccess,
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
    const principal = await this.access.authenticate(authorization);
    if (!principal) throw new UnauthenticatedError();
    if (!allows(principal.role, 'tenants:write')) throw new ForbiddenError(principal.role, 'tenants:write');
    const { bytes, fileName, contentType } = await this.downloads.open(principal.actor, id, plain === 'true');
    return new StreamableFile(bytes, {
      type: contentType,
      disposition: `attachment; filename="${fileName}"`,
    });
  }
}
