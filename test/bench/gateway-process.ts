// The real gateway as a process of its own, on the core that is measured.
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../infra/local/child.ts';
import type { Bench } from './entry.ts';
import { startProcess } from './peer.ts';

export type GatewayProcess = {
  pid: number;
  grpcAddr: string;
  /** Of the web listener. */
  webAddr: string;
  /** The public key that signs responses, base64url. */
  serverKey: string;
};

/**
 * Configured as in operation, except for higher rate limits, since a benchmark is a single client.
 * @param environment further variables.
 */
export async function startGatewayProcess(
  bench: Bench,
  peers: { httpUrl: string; pushAddr: string },
  running: AsyncDisposableStack,
  environment: Record<string, string> = {},
): Promise<GatewayProcess> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [httpPort, grpcPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const signerPath = join(bench.folder, `signer-${grpcPort}.pem`);
  await writeFile(signerPath, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const pid = await startProcess(
    {
      entry: 'workers/gateway.ts',
      core: bench.cores?.measured,
      logFile: join(bench.folder, `gateway-${grpcPort}.log`),
      listeners: [
        { host: '127.0.0.1', port: httpPort },
        { host: '127.0.0.1', port: grpcPort },
        { host: '127.0.0.1', port: webPort },
      ],
      env: {
        GATEWAY_PUBLIC_HTTP_ADDR: `127.0.0.1:${httpPort}`,
        GATEWAY_AUTHENTICATED_GRPC_ADDR: `127.0.0.1:${grpcPort}`,
        GATEWAY_WEB_HTTP_ADDR: `127.0.0.1:${webPort}`,
        GATEWAY_REDIS_ADDR: bench.redis.addr,
        GATEWAY_REDIS_PASSWORD: bench.redis.password,
        GATEWAY_BACKEND_HTTP_URL: peers.httpUrl,
        GATEWAY_BACKEND_GRPC_ADDR: peers.pushAddr,
        GATEWAY_LOBBY_HTTP_URL: peers.httpUrl,
        GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: signerPath,
        // Counted as usual, but never reached: all clients share one address.
        GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '100000/s burst 100000',
        GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: '100000/s burst 100000',
        GATEWAY_GRPC_MAX_CONNECTIONS_PER_ADDRESS: '100000',
        GATEWAY_WEB_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '100000',
        ...environment,
      },
      ...(bench.nodeArgs === undefined ? {} : { nodeArgs: bench.nodeArgs }),
    },
    running,
  );
  const serverKey = publicKey.export({ format: 'jwk' }).x ?? '';
  return { pid, grpcAddr: `127.0.0.1:${grpcPort}`, webAddr: `127.0.0.1:${webPort}`, serverKey };
}
