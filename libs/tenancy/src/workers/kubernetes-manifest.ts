import type { V1Deployment } from '@kubernetes/client-node';
import type { KubernetesTarget } from './worker-pool.js';

/** Kubernetes waits so long for a worker to end what it has begun; a little more than the worker gives itself. */
const terminationSeconds = 30;

/** Name of the Deployment: a slug is a DNS label of at most 31 characters already. */
export function deploymentName(slug: string): string {
  return `tierdeck-worker-${slug}`;
}

/** The integration worker of one tenant. It stands for itself: applied twice it is the same. */
export function workerDeployment(
  slug: string,
  { namespace, image, environmentSecret }: KubernetesTarget,
): V1Deployment {
  const selector = { 'app.kubernetes.io/name': 'tierdeck-integration-worker', 'tierdeck.dev/tenant': slug };
  const labels = { ...selector, 'app.kubernetes.io/managed-by': 'tierdeck' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: deploymentName(slug), namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      // The queue is fenced in the database: an old and a new worker side by side do no job twice.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: terminationSeconds,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'integration-worker',
              image,
              command: ['node', 'dist/apps/integration-worker/src/main.js'],
              env: [
                { name: 'TIERDECK_WORKER_TENANT', value: slug },
                { name: 'TIERDECK_DATA_DIR', value: '/var/lib/tierdeck' },
              ],
              envFrom: [{ secretRef: { name: environmentSecret } }],
              resources: {
                requests: { cpu: '100m', memory: '192Mi' },
                limits: { cpu: '1', memory: '512Mi' },
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'data', mountPath: '/var/lib/tierdeck' }],
            },
          ],
          // The stored snapshot: without it a worker waits for the control plane, with it it starts at once.
          volumes: [{ name: 'data', emptyDir: { sizeLimit: '64Mi' } }],
        },
      },
    },
  };
}
