import { StartupError } from '../../config/startup.ts';
import { TlsCertificate } from '../../node/tls-certificate.ts';
import type { GatewayConfig } from '../config.ts';

const certVariable = 'GATEWAY_GRPC_TLS_CERT_PATH';
const keyVariable = 'GATEWAY_GRPC_TLS_KEY_PATH';

/**
 * The certificate of the gRPC listener; undefined when none is configured.
 * @throws StartupError naming the variable that is missing or whose file cannot be used.
 */
export async function loadGrpcCertificate({
  tlsCertPath,
  tlsKeyPath,
}: GatewayConfig['authenticatedGrpc']): Promise<TlsCertificate | undefined> {
  if (tlsCertPath === undefined && tlsKeyPath === undefined) return undefined;
  if (tlsCertPath === undefined) throw alone(certVariable, keyVariable);
  if (tlsKeyPath === undefined) throw alone(keyVariable, certVariable);
  return TlsCertificate.load({ certPath: tlsCertPath, keyPath: tlsKeyPath, certVariable, keyVariable });
}

function alone(missing: string, set: string): StartupError {
  return new StartupError([
    { variable: missing, message: `is not set, but ${set} is. Set both or neither.` },
  ]);
}
