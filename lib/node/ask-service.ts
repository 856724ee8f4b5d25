// lib/http/ask-service.ts for processes that send many requests, on Node alone: at a quarter of the CPU time of `fetch`, over
// the same connections.
import { getGlobalDispatcher } from 'undici';
import { headersOf, type ServiceQuestion, type ServiceResponse } from '../http/ask-service.ts';
import { Exchange } from '../http/exchange.ts';

/** @throws Error when the response is not complete in time; ResponseTooLarge. */
export async function askService(url: string, question: ServiceQuestion): Promise<ServiceResponse> {
  const { method, body, timeoutMs, maxBytes } = question;
  const { origin, pathname, search } = new URL(url);
  const exchange = new Exchange(maxBytes);
  const timer = setTimeout(
    () => exchange.cut(new Error(`there was no whole response within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    getGlobalDispatcher().dispatch(
      {
        origin,
        path: `${pathname}${search}`,
        method,
        headers: headersOf(question),
        body: body === undefined ? null : JSON.stringify(body),
      },
      exchange,
    );
    const response = await exchange.response;
    return { status: response.status, text: new TextDecoder().decode(response.body) };
  } finally {
    clearTimeout(timer);
  }
}
