// The health check of a container, for images that have no curl: exit code 0 when the process in it reports that it
// is ready.
//   node infra/containers/health.ts http://127.0.0.1:8080/readyz
//   node infra/containers/health.ts grpc://127.0.0.1:9092
const timeoutMs = 4_000;

async function httpResponses(url: string): Promise<void> {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (status !== 200) throw new Error(`${url} responded with ${status}`);
}

async function grpcServes(address: string): Promise<void> {
  const { credentials, makeGenericClientConstructor } = await import('@grpc/grpc-js');
  const { service } = await import('grpc-health-check');
  const Health = makeGenericClientConstructor(service, 'grpc.health.v1.Health');
  const client = new Health(address, credentials.createInsecure());
  const { status } = await new Promise<{ status: string }>((resolve, reject) => {
    client.check?.(
      { service: '' },
      { deadline: Date.now() + timeoutMs },
      (error: Error | null, response: { status: string }) =>
        error === null ? resolve(response) : reject(error),
    );
  });
  if (status !== 'SERVING') throw new Error(`${address} is ${status}`);
}

const { protocol, host, href } = new URL(process.argv[2] ?? '');
try {
  await (protocol === 'grpc:' ? grpcServes(host) : httpResponses(href));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
