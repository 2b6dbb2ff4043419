import type { TokenCheck, VolumeManager } from '@scoria/manager';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sendFault } from './fault.js';
import { requireService } from './require-service.js';
import { snapshotDetails } from './snapshot-details.js';

/** What of Cinder's Block Storage API v3 a compute service needs to say how a snapshot goes. */
const REPORT = 'os-update_snapshot_status';
const BODY = {
  type: 'object',
  required: [REPORT],
  additionalProperties: false,
  properties: {
    [REPORT]: {
      type: 'object',
      required: ['status'],
      additionalProperties: false,
      properties: { status: { type: 'string' }, progress: { type: 'string', nullable: true } },
    },
  },
};

interface Snapshot {
  Params: { readonly projectId?: string; readonly snapshotId: string };
}

interface Report extends Snapshot {
  Body: { readonly [REPORT]: { readonly status: string; readonly progress?: string | null } };
}

/**
 * `POST /v3/{project}/snapshots/{snapshot}/action` and `GET` of the snapshot, at which Nova looks until its state is
 * another than it was when it reported; also without the project, for services that have a token. Who
 * sends it is checked before its body is looked at.
 */
export function addSnapshotActionRoutes(
  server: FastifyInstance,
  manager: VolumeManager,
  tokens: TokenCheck,
): void {
  server.register((scope, _options, done) => {
    scope.setErrorHandler(async (error, _request, reply) => sendFault(reply, error));
    scope.addHook('onRequest', async ({ headers, params }) => {
      await requireService(tokens, headers['x-auth-token'], (params as Snapshot['Params']).projectId);
    });
    for (const url of ['/v3/:projectId/snapshots/:snapshotId', '/v3/snapshots/:snapshotId']) {
      scope.get<Snapshot>(url, async ({ params }) => ({
        snapshot: snapshotDetails(await manager.reportedSnapshot(params.snapshotId)),
      }));
      scope.post<Report>(`${url}/action`, { schema: { body: BODY } }, async (request, reply) => {
        await report(manager, request);
        return reply.status(202).send();
      });
    }
    done();
  });
}

async function report(
  manager: VolumeManager,
  { params, body, headers }: FastifyRequest<Report>,
): Promise<void> {
  const { status, progress } = body[REPORT];
  const requestId = headers['x-openstack-request-id'];
  const caller = {
    projectId: params.projectId ?? '',
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
  const hasProgress = typeof progress === 'string' && progress !== '';
  await manager.reportSnapshot(caller, params.snapshotId, hasProgress ? { status, progress } : { status });
}
