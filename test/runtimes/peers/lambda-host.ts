// Emulates Lambda behind an HTTP API, one process per function: makes an event of every request
// (payload 2.0), hands it to the handler of the bundle, and responds with what that returns.
//   node test/runtimes/peers/lambda-host.ts dist/lambda/lobby.mjs publicHandler 8094
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

type Result = { statusCode: number; headers: Record<string, string>; body: string; isBase64Encoded: boolean };
type Handler = (event: unknown, context: unknown) => Promise<Result>;

const [file = '', name = '', port] = process.argv.slice(2);
const handlers = (await import(pathToFileURL(file).href)) as Record<string, Handler | undefined>;
const handler = handlers[name];
if (handler === undefined) throw new Error(`${file} has no ${name}`);

const server = createServer(async (request, response) => {
  // Through JSON, as Lambda hands it over.
  const event = JSON.parse(JSON.stringify(await toEvent(request)));
  const result = await handler(event, { awsRequestId: event.requestContext.requestId });
  const { statusCode, headers, body, isBase64Encoded } = JSON.parse(JSON.stringify(result)) as Result;
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
});
server.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));

async function toEvent(request: IncomingMessage) {
  const { method = '', url = '' } = request;
  const { pathname, search } = new URL(url, 'http://localhost');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([header, value]) => [header, [value].flat().join(',')]),
  );
  const bytes = await buffer(request);
  const isText = /^(text\/|application\/json)/.test(headers['content-type'] ?? '');
  const domainName = 'abcdefghij.execute-api.eu-central-1.amazonaws.com';
  const http = { method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: 'test' };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: { ...headers, host: domainName, 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdefghij',
      domainName,
      domainPrefix: 'abcdefghij',
      http,
      requestId: crypto.randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date().toUTCString(),
      timeEpoch: Date.now(),
    },
    ...(bytes.length === 0 ? {} : { body: bytes.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: bytes.length > 0 && !isText,
  };
}
