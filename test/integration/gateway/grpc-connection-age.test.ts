import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';

const testLog = new TestPushLog();
let push: TestPush;
let gateway: TestGateway;
beforeEach(async () => {
  push = await startTestPush(testLog.server);
  gateway = await startTestGateway({
    GATEWAY_BACKEND_GRPC_ADDR: push.addr,
    GATEWAY_GRPC_MAX_CONNECTION_AGE: '400ms',
    GATEWAY_GRPC_MAX_CONNECTION_AGE_GRACE: '200ms',
    GATEWAY_RATE_LIMIT_SESSION_READ: 'off',
    GATEWAY_RATE_LIMIT_USER_READ: 'off',
    GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: 'off',
    GATEWAY_RATE_LIMIT_USER_SUBSCRIBE: 'off',
  });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await push.stop();
});

describe('a connection that is too old', () => {
  it('is cut after its grace, and its stream goes on at the next one without a gap or a repeat', async () => {
    const client = gateway.newClient();
    const appended: string[] = [];
    const came: string[] = [];
    let streams = 0;
    let writing: Promise<void> | undefined;
    const write = async () => {
      while (streams < 4) {
        appended.push((await testLog.append(client.session.userId)).eventId);
        await delay(10);
      }
    };
    for await (const item of client.events()) {
      if (item.kind === 'hello') {
        streams += 1;
        expect(item.resumed).toBe(streams > 1);
        writing ??= write();
      } else came.push(item.eventId);
      if (streams >= 4) {
        await writing;
        if (came.length >= appended.length) break;
      }
    }
    expect(came).toEqual(appended);
    expect(came.length).toBeGreaterThan(20);
  });

  it('lets commands finish and is replaced without a failure', async () => {
    const client = gateway.newClient();
    const until = Date.now() + 1_500;
    let commands = 0;
    for (; Date.now() < until; commands += 1) {
      expect((await client.execute('lobby.game.list', {})).resultCode).toBe('ok');
    }
    expect(commands).toBeGreaterThan(10);
  });
});
