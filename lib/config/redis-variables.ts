// The variables of a service's Redis, under the service's prefix.
import { anyText, integer, peerAddress, positiveDuration } from './types.ts';
import { defaulted, required } from './variables.ts';

/** @param what it is for, such as `carries the streams`. @param addr the name of its address's variable after the prefix. */
export function redisVariables(service: string, what: string, addr = 'ADDR') {
  const prefix = `${service}_REDIS`;
  return {
    addr: required(`${prefix}_${addr}`, peerAddress, { help: `host:port of the Redis that ${what}.` }),
    password: required(`${prefix}_PASSWORD`, anyText, {
      help: 'Its password; set it to nothing on purpose for a Redis without one.',
      secret: true,
      mayBeEmpty: true,
    }),
    db: defaulted(`${prefix}_DB`, '0', integer(0, 1_000_000), { help: 'Number of its logical database.' }),
    operationTimeoutMs: defaulted(`${prefix}_OPERATION_TIMEOUT`, '2s', positiveDuration, {
      help: 'Bound on connecting and on one command.',
    }),
  };
}
