import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FlagFeed, FlagMetrics, InstanceReceipts, registerUnleashApi, SdkAccess } from '#flags';
import { clusterOfUrl, FleetService, ManifestsService, PreparedDatabases, TenantDatabases } from '#tenancy';
import { nestLogger, type Configuration, type Stoppable } from '#platform';
import { AppModule } from './app.module.js';
import { applyTenantsFolder } from './apply-tenants-folder.js';
import { openFoundation, type Foundation } from './foundation.js';
import { maxBodyBytes } from './graphql/limits.js';
import { keepPrincipalsLive } from './graphql/live-principal.js';
import { validateSubscriptions } from './graphql/subscription-limits.js';
import { serveConsole } from './http/console-assets.js';

export interface ControlPlane extends Stoppable {
  /** e.g. `http://127.0.0.1:4000` */
  url: string;
  app: NestFastifyApplication;
  foundation: Foundation;
}

/** Starts one replica of the control plane with the roles that its configuration names. */
export async function startControlPlane(configuration: Configuration): Promise<ControlPlane> {
  const foundation = await openFoundation(configuration);
  const { roles } = configuration;
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.forRoot(foundation),
      new FastifyAdapter({ bodyLimit: maxBodyBytes, forceCloseConnections: true }),
      { logger: nestLogger(foundation.logger), abortOnError: false },
    );
    const fastify = app.getHttpAdapter().getInstance();
    registerUnleashApi(fastify, {
      access: app.get(SdkAccess),
      feed: app.get(FlagFeed),
      metrics: app.get(FlagMetrics),
      receipts: app.get(InstanceReceipts),
      logger: foundation.logger,
      offerStreaming: configuration.flagStreaming,
    });
    serveConsole(fastify, join(process.cwd(), 'dist/apps/console'));
    await app.init();
    keepPrincipalsLive(fastify);
    validateSubscriptions(fastify);
    if (roles.has('reconciler')) {
      const databases = app.get(TenantDatabases);
      await databases.ensureCluster(clusterOfUrl('local', 'local', foundation.configuration.databaseUrl));
      await applyTenantsFolder(app.get(ManifestsService), foundation.commands, configuration.tenantsDir);
    }
    await app.listen(configuration.port, configuration.host);
    const prepared = app.get(PreparedDatabases);
    if (roles.has('reconciler')) {
      await app.get(FleetService).catchUp();
      await foundation.operationsReconciler.start(foundation.notifications);
      await prepared.start();
    }
    return {
      url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
      app,
      foundation,
      stop: async () => {
        await prepared.stop();
        await foundation.operationsReconciler.stop();
        await app.close();
        await foundation.close();
      },
    };
  } catch (error) {
    await foundation.close();
    throw error;
  }
}
