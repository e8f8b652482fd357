import { Controller, Get, Header, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { collectDefaultMetrics, register } from 'prom-client';
import { Database } from '#platform';

collectDefaultMetrics();

/** Liveness, readiness and Prometheus figures of the control plane. */
@Controller()
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get('healthz')
  @HttpCode(200)
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(): Promise<{ status: 'ok'; revision: number }> {
    try {
      const [row] = await this.database.query<{ revision: string }>('select revision from revision_head');
      return { status: 'ok', revision: Number(row?.revision) };
    } catch {
      throw new ServiceUnavailableException({
        code: 'DATABASE_AWAY',
        message: 'PostgreSQL does not answer.',
      });
    }
  }

  @Get('metrics')
  @Header('content-type', register.contentType)
  metrics(): Promise<string> {
    return register.metrics();
  }
}
