import { Controller, Get, Header } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { UnleashDecider } from '#distribution';
import { TierdeckRuntime } from '#runtime';

/** Liveness, readiness and Prometheus figures. Ready means that snapshot and flags are there, from wherever. */
@Controller()
export class HealthController {
  readonly #registry = new Registry();

  constructor(
    private readonly runtime: TierdeckRuntime,
    private readonly flags: UnleashDecider,
  ) {
    collectDefaultMetrics({ register: this.#registry });
  }

  @Get('healthz')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Without flags the legacy engines decide, so a service without them still serves and says so. */
  @Get('readyz')
  ready(): { status: 'ok'; revision: number; flags: 'known' | 'default' } {
    return {
      status: 'ok',
      revision: this.runtime.revision,
      flags: this.flags.isReady ? 'known' : 'default',
    };
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.#registry.metrics();
  }
}
