// Lambda, as peers/lambda-host.ts plays it: a function for each listener.
import { listenersOf, type Runtime, runProgram, urlOf } from './running.ts';

export const lambda: Runtime = {
  name: 'Lambda',
  async start(service, environment, ports) {
    const functions = listenersOf[service].map((listener) => {
      const args = [`dist/lambda/${service}.mjs`, `${listener}Handler`, String(ports[listener])];
      const host = runProgram(process.execPath, ['test/runtimes/peers/lambda-host.ts', ...args], environment);
      return { ...host, url: urlOf(ports[listener]) };
    });
    await Promise.all(functions.map(({ answersAt, url }) => answersAt([url])));
    return {
      get lines() {
        return functions.flatMap(({ lines }) => lines);
      },
      async stop() {
        await Promise.all(functions.map(({ stop }) => stop()));
      },
    };
  },
};
