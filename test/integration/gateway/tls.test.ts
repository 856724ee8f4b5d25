import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  EdgeGatewayClient,
  type ExecuteCommandResponse,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { selfSigned } from '../../support/network/certificate.ts';
import { RawHttp2 } from '../../support/network/raw-http2.ts';

const { cert, key } = selfSigned();
let folder: string;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-tls-'));
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key);
  await writeFile(join(folder, 'other.pem'), selfSigned().key);
  gateway = await startTestGateway({
    GATEWAY_GRPC_TLS_CERT_PATH: join(folder, 'cert.pem'),
    GATEWAY_GRPC_TLS_KEY_PATH: join(folder, 'key.pem'),
    GATEWAY_GRPC_HANDSHAKE_TIMEOUT: '500ms',
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const untilClosed = (raw: RawHttp2) => vi.waitFor(() => expect(raw.closed).toBe(true), { timeout: 15_000 });

/** What TLS agreed on, or the code of its refusal. */
function handshake(options: ConnectionOptions): Promise<string> {
  const [host, port] = gateway.grpcAddr.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), ca: cert, ...options });
    socket.on('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe('the gRPC listener with a certificate', () => {
  it('serves over TLS', async () => {
    const player = gateway.newClient();
    const client = new EdgeGatewayClient(gateway.grpcAddr, credentials.createSsl(Buffer.from(cert)), {
      'grpc.ssl_target_name_override': 'localhost',
    });
    const request = player.signCommand('lobby.game.list', {});
    const response = await new Promise<ExecuteCommandResponse>((resolve, reject) => {
      client.executeCommand(request, new Metadata(), (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
    client.close();
    expect(response.resultCode).toBe('ok');
  });

  it('prefers TLS 1.3, takes 1.2, nothing older, and no other protocol than h2', async () => {
    expect(await handshake({ ALPNProtocols: ['h2'] })).toBe('TLSv1.3 h2');
    expect(await handshake({ ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 h2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await handshake({ ALPNProtocols: ['h2'], ...old })).toMatch(/^E/);
    expect(await handshake({ ALPNProtocols: ['http/1.1'] })).toBe(
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    );
  });

  it('cuts who speaks without TLS, who stops amid the handshake, and who asks for no protocol', async () => {
    const plain = await RawHttp2.open(gateway.grpcAddr);
    const silent = await RawHttp2.connect(gateway.grpcAddr);
    await Promise.all([untilClosed(plain), untilClosed(silent)]);
    const [host, port] = gateway.grpcAddr.split(':');
    const withoutAlpn = connect({ host, port: Number(port), ca: cert });
    const ended = vi.fn();
    withoutAlpn.on('close', ended).on('error', () => undefined);
    await vi.waitFor(() => expect(ended).toHaveBeenCalled(), { timeout: 15_000 });
  });
});

describe('the gateway refuses to start', () => {
  const refusal = async (variables: Record<string, string>) => {
    const started = await startTestGateway(variables).catch((error: Error) => error);
    if (!(started instanceof Error)) {
      await started[Symbol.asyncDispose]();
      return 'started';
    }
    return started.message;
  };

  it('with a certificate and no key, or a key and no certificate', async () => {
    const file = join(folder, 'cert.pem');
    expect(await refusal({ GATEWAY_GRPC_TLS_CERT_PATH: file })).toBe(
      'GATEWAY_GRPC_TLS_KEY_PATH: is not set, but GATEWAY_GRPC_TLS_CERT_PATH is. Set both or neither.',
    );
    expect(await refusal({ GATEWAY_GRPC_TLS_KEY_PATH: file })).toBe(
      'GATEWAY_GRPC_TLS_CERT_PATH: is not set, but GATEWAY_GRPC_TLS_KEY_PATH is. Set both or neither.',
    );
  });

  it('with a key that belongs to another certificate', async () => {
    const variables = {
      GATEWAY_GRPC_TLS_CERT_PATH: join(folder, 'cert.pem'),
      GATEWAY_GRPC_TLS_KEY_PATH: join(folder, 'other.pem'),
    };
    expect(await refusal(variables)).toMatch(/^GATEWAY_GRPC_TLS_KEY_PATH: the key in .* does not belong/);
  });
});

it('the gateway warns of a certificate that has expired', async () => {
  const expired = selfSigned({ from: new Date('2020-01-01'), to: new Date('2021-01-01') });
  await writeFile(join(folder, 'expired.pem'), expired.cert);
  await writeFile(join(folder, 'expired-key.pem'), expired.key);
  const process = gatewayProcess();
  const old = await startTestGateway(
    {
      GATEWAY_GRPC_TLS_CERT_PATH: join(folder, 'expired.pem'),
      GATEWAY_GRPC_TLS_KEY_PATH: join(folder, 'expired-key.pem'),
      GATEWAY_LOG_LEVEL: 'warn',
    },
    process.run,
  );
  try {
    const warning = 'the TLS certificate has expired at 2021-01-01T00:00:00.000Z';
    await vi.waitFor(() => expect(process.output()).toContain(warning), { timeout: 10_000 });
  } finally {
    await old[Symbol.asyncDispose]();
  }
});
